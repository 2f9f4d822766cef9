//! Words to make messages of.

/// What people talk about.
pub(super) const THINGS: [&str; 14] = [
    "the glare index",
    "IES import",
    "daylight sampling",
    "the lux heat map",
    "offline sync",
    "invoice totals",
    "token rotation",
    "CSV export",
    "dimming curves",
    "the photometric cache",
    "undo stack",
    "Safari rendering",
    "room outlines",
    "the fixture picker",
];
/// What they say of it.
pub(super) const REMARKS: [&str; 14] = [
    "looks good again :tada:",
    "is slower than last week",
    "needs another pair of eyes",
    "will be in the next release",
    "breaks on Firefox only",
    "was my fault, sorry",
    "passes now &amp; stays green",
    "shows 12.4 % less noise",
    "is *not* ready",
    "can wait until Monday",
    "made a customer happy 🎉",
    "needs a second look :eyes:",
    "has no tests yet",
    "is done ✅",
];
/// What they answer.
pub(super) const ANSWERS: [&str; 12] = [
    "Thanks! :pray:",
    "+1",
    "On it.",
    "Can you share the log?",
    "Rolled back.",
    "Fixed, please try again",
    "I see this too :confused:",
    "lol",
    "&gt; quoted\nDisagree; the cache is cold there.",
    "Let's talk tomorrow",
    "Works for me 🤷",
    "ok",
];
/// Texts that trip careless code.
pub(super) const ODD: [&str; 14] = [
    "",
    " ",
    "if a &lt; b &amp;&amp; b &gt; c then `x &amp;= 1`",
    "literally &amp;amp; and &amp;lt;",
    "*bold* _italic_ ~gone~ `code` :bulb:",
    "```\nTypeError: lux is undefined\n    at <anonymous>\n```",
    "NULL",
    "'; drop table luminaires; --",
    "\"quoted\" and 'single' and back\\slash",
    "照度の計算がずれる",
    "👩‍💻 pairing: 🟢/🔴",
    "line one\nline two\n\nline four",
    "50% of rows_lost",
    "0",
];
/// Reactions.
pub(super) const EMOJI: [&str; 8] = ["+1", "eyes", "tada", "heart", "lumen-party", "+1::skin-tone-4", "white_check_mark", "shipit"];
/// How bad it is.
pub(super) const SEVERITIES: [&str; 3] = ["SEV1", "SEV2", "SEV3"];
