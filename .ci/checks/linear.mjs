// Lists one collection of Linear with its official client, one row a line, as JSON. linear_kinds.py asks for it.
//
//   node linear.mjs DIR <<< '{"url": …, "token": …, "list": "issues" | "history" | …, "filter": {…}?, "of": [ids]?}'
//
// DIR is where `npm ci` has put @linear/sdk. `history` lists the changes of the issues in `of`. With `query` in place of `list`
// the one line is what a GraphQL document gives.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const { LinearClient } = createRequire(join(resolve(process.argv[2]), 'package.json'))('@linear/sdk');
const { url, token, list, filter, of, query } = JSON.parse(readFileSync(0, 'utf8'));
const client = new LinearClient({ apiKey: token, apiUrl: `${url}/graphql` });
// The client asks for whole rows: an issue has 42 points by the documented prices, and a query may have 10,000.
const page = { first: 100, includeArchived: true };
// Listings of these checks have far fewer pages: more is a page that comes again and again.
const mostPages = 2_000;

// All nodes of a connection, by the client's own paging.
async function all(connection) {
  let pages = await connection;
  for (let seen = 1; pages.pageInfo.hasNextPage; seen += 1) {
    if (seen > mostPages) throw new Error(`${list} goes on after ${mostPages} pages`);
    pages = await pages.fetchNext();
  }
  return pages.nodes;
}

// What the client has read of a row: its own fields, and the ids of what it refers to, which are getters.
function fields(node) {
  const getters = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(node)));
  const ids = getters.filter(([name, { get }]) => get && name.endsWith('Id')).map(([name]) => [name, node[name]]);
  return Object.fromEntries([...Object.entries(node).filter(([name]) => !name.startsWith('_')), ...ids]);
}

async function rows() {
  if (list !== 'history') {
    // Else the client leaves out who has left.
    return all(client[list]({ ...page, filter, includeDisabled: list === 'users' || undefined }));
  }
  const nodes = [];
  for (const id of of) nodes.push(...(await all((await client.issue(id)).history(page))));
  return nodes;
}

try {
  const lines = query ? [(await client.client.rawRequest(query)).data] : (await rows()).map(fields);
  for (const line of lines) console.log(JSON.stringify(line));
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  // What the API itself said.
  for (const { message } of error.raw?.response?.errors ?? []) console.error(JSON.stringify({ said: message }));
  process.exitCode = 1;
}
