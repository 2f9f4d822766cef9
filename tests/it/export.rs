//! COPY: a file appears whole or not at all, a directory when all of it is there, whatever ends the query and wherever it goes.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use futures::TryStreamExt;
use sqluice::demo::server::Fault;

use crate::common::World;

/// All issues, in several pages.
pub(crate) const ISSUES: &str =
    "SELECT id, key, summary, status, assignee_name, labels, updated FROM jira.issues WHERE created >= '2000-01-01'";

/// The files below a folder, relative to it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

impl World {
    /// From the second page on, the search of issues answers so.
    pub(crate) fn fail_second_page(&self, fault: Fault) {
        self.demo.jira.server.faults().clear();
        self.demo.jira.server.faults().add("/search/jql", 1, usize::MAX, fault);
    }

    /// The counts that a COPY answers.
    pub(crate) async fn copy(&self, sql: &str) -> [i64; 4] {
        let answer = self.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let batch = &answer.batches[0];
        let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!((names.join(","), batch.num_rows()), ("rows,files,bytes,calls".to_owned(), 1));
        [0, 1, 2, 3].map(|column| batch.column(column).as_primitive::<Int64Type>().value(0))
    }
}

fn broken() -> Fault {
    Fault::Answer { status: 400, headers: Vec::new(), body: r#"{"errorMessages":["Das geht so nicht."]}"#.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_middle_leaves_no_file_and_an_old_one_as_it_was() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    world.fail_second_page(broken());
    // Small parts, so that something is on the disk when it breaks.
    world.run("SET datafusion.execution.objectstore_writer_buffer_size = 1000").await.unwrap();
    std::fs::write(folder.path().join("old.csv"), "old").unwrap();
    for target in ["new.parquet", "new.csv", "new.json.gz", "new.arrow", "old.csv", "d/"] {
        let stored_as = if target == "d/" { "STORED AS CSV" } else { "" };
        let error = world.error(&format!("COPY ({ISSUES}) TO '{place}/{target}' {stored_as}")).await;
        assert!(error.contains("Das geht so nicht."), "{target}: {error}");
        assert_eq!(files(folder.path()), BTreeSet::from(["old.csv".to_owned()]), "{target}");
    }
    let error = world.error(&format!("COPY ({ISSUES}) TO '{place}/d/' STORED AS CSV PARTITIONED BY (status)")).await;
    assert!(error.contains("Das geht so nicht."), "{error}");
    assert_eq!(files(folder.path()), BTreeSet::from(["old.csv".to_owned()]));
    assert_eq!(std::fs::read_to_string(folder.path().join("old.csv")).unwrap(), "old");
    world.demo.jira.server.faults().clear();
    let [rows, files, bytes, calls] = world.copy(&format!("COPY ({ISSUES}) TO '{place}/old.csv'")).await;
    assert!(rows > 100 && files == 1 && calls > 1, "{rows} {files} {calls}");
    assert_eq!(std::fs::metadata(folder.path().join("old.csv")).unwrap().len(), bytes.unsigned_abs());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_complete_becomes_no_file() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    for target in ["x.parquet", "d/"] {
        let query =
            world.engine.sql(&format!("COPY ({ISSUES}) TO '{}/{target}' STORED AS PARQUET", folder.path().display())).await.unwrap();
        query.run().stats.warn("two parents were skipped");
        query.run().stats.mark_incomplete();
        let error = query.stream().unwrap().try_collect::<Vec<_>>().await.unwrap_err().to_string();
        assert!(error.contains("not complete") && error.contains("two parents were skipped"), "{error}");
        assert_eq!(files(folder.path()), BTreeSet::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_complete_with_its_mark_and_never_two_exports_by_accident() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/d/", folder.path().display());
    let sql = format!("COPY ({ISSUES}) TO '{place}' STORED AS PARQUET");
    let [rows, count, bytes, calls] = world.copy(&sql).await;
    let found = files(&folder.path().join("d"));
    assert_eq!((found.len(), count), (2, 1), "{found:?}");
    let mark = std::fs::read_to_string(folder.path().join("d/_SUCCESS")).unwrap();
    let mark: serde_json::Value = serde_json::from_str(&mark).unwrap();
    assert_eq!(
        (&mark["rows"], &mark["files"], &mark["bytes"], &mark["calls"], &mark["complete"]),
        (&rows.into(), &count.into(), &bytes.into(), &calls.into(), &true.into())
    );
    let count = format!("SELECT count(*) FROM '{place}'");
    assert_eq!(world.run(&count).await.unwrap().count(), rows, "the mark is no data");
    let error = world.error(&sql).await;
    assert!(error.contains("is not empty") && error.contains("sqluice.export_append"), "{error}");
    assert_eq!(files(&folder.path().join("d")), found);
    world.run("SET sqluice.export_append = true").await.unwrap();
    world.copy(&sql).await;
    assert_eq!(files(&folder.path().join("d")).len(), 3);
    assert_eq!(world.run(&count).await.unwrap().count(), 2 * rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_directories_and_read_back_as_columns() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/by/", folder.path().display());
    let truth = world.rows("SELECT status, assignee_name, count(*) FROM jira.issues GROUP BY ALL").await;
    let truth: BTreeSet<Vec<String>> = truth.into_iter().collect();
    let [rows, count, ..] = world
        .copy(&format!(
            "COPY (SELECT id, status, assignee_name, summary FROM jira.issues) TO '{place}' STORED AS CSV PARTITIONED BY (status, assignee_name)"
        ))
        .await;
    assert_eq!(usize::try_from(count).unwrap(), truth.len());
    assert!(truth.iter().any(|row| row[1] == "∅") && count < 100);
    let found = files(Path::new(&place));
    assert!(found.iter().all(|name| name == "_SUCCESS" || (name.starts_with("status=") && name.contains("/assignee_name="))), "{found:?}");
    let back = world.rows(&format!("SELECT status, assignee_name, count(*) FROM '{place}' GROUP BY ALL")).await;
    assert_eq!(back.into_iter().collect::<BTreeSet<_>>(), truth);
    assert_eq!(world.run(&format!("SELECT count(DISTINCT id) FROM '{place}'")).await.unwrap().count(), rows);
    let nobody: i64 = truth.iter().filter(|row| row[1] == "∅").map(|row| row[2].parse::<i64>().unwrap()).sum();
    let of_nobody = format!("SELECT count(*) FROM '{place}' WHERE assignee_name IS NULL");
    assert_eq!(world.run(&of_nobody).await.unwrap().count(), nobody);
    // A condition on directories leaves the others unread.
    let plan = &world.rows(&format!("EXPLAIN {of_nobody}")).await[1][1];
    assert!(
        plan.contains("assignee_name=__HIVE_DEFAULT_PARTITION__") && plan.matches("assignee_name=").count() < found.len() - 1,
        "{plan}"
    );
    let header = std::fs::read_to_string(Path::new(&place).join(found.iter().nth(1).unwrap())).unwrap();
    assert!(header.starts_with("id,summary\n"), "{header}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_partitions_stay_few_open_files() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let place = format!("{}/by/", folder.path().display());
    // Every value comes again and again, so that each file that was ended has a successor.
    let sql = "SELECT value % 150 AS part, value FROM generate_series(1, 60000)";
    let [rows, count, ..] = world.copy(&format!("COPY ({sql}) TO '{place}' STORED AS PARQUET PARTITIONED BY (part)")).await;
    assert_eq!(rows, 60_000);
    assert!(count > 150, "{count}");
    let back = world.rows(&format!("SELECT count(DISTINCT part), count(DISTINCT value), sum(value) FROM '{place}'")).await;
    assert_eq!(back, [["150", "60000", "1800030000"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_and_options() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let sql = "SELECT * FROM (VALUES (1, 'a,b', make_array('x', NULL)), (2, NULL, NULL)) t(n, s, l) ORDER BY n";
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for (target, options, expected) in [
        ("a.csv", "", "n,s,l\n1,\"a,b\",\"[\"\"x\"\",null]\"\n2,,\n"),
        ("b.csv", "OPTIONS ('has_header' 'false', 'format.delimiter' ';')", "1;a,b;\"[\"\"x\"\",null]\"\n2;;\n"),
        ("c.tsv", "", "n\ts\tl\n1\ta,b\t\"[\"\"x\"\",null]\"\n2\t\t\n"),
        ("d.ndjson", "", "{\"n\":1,\"s\":\"a,b\",\"l\":[\"x\",null]}\n{\"n\":2,\"s\":null,\"l\":null}\n"),
        (
            "e.json",
            "OPTIONS ('format.newline_delimited' 'false')",
            "[{\"n\":1,\"s\":\"a,b\",\"l\":[\"x\",null]},{\"n\":2,\"s\":null,\"l\":null}]\n",
        ),
    ] {
        world.copy(&format!("COPY ({sql}) TO '{place}/{target}' {options}")).await;
        assert_eq!(text(target), expected, "{target}");
    }
    for ending in ["csv.gz", "csv.bz2", "csv.xz", "csv.zst", "json.gz", "parquet", "arrow"] {
        let target = format!("{place}/x.{ending}");
        world.copy(&format!("COPY ({sql}) TO '{target}'")).await;
        assert_eq!(world.rows(&format!("SELECT count(*), sum(n), max(s) FROM '{target}'")).await, [["2", "3", "a,b"]], "{ending}");
    }
    assert_eq!(std::fs::read(folder.path().join("x.csv.gz")).unwrap()[..2], [0x1f, 0x8b]);
    // Lines within texts are no rows, also where a file is read in several places at once.
    let lines = "SELECT value, concat('first', chr(13), chr(10), 'second \"', value, '\"', chr(10)) AS text FROM generate_series(1, 5000)";
    world.copy(&format!("COPY ({lines}) TO '{place}/lines.csv'")).await;
    world.run("SET datafusion.optimizer.repartition_file_min_size = 1").await.unwrap();
    world.run("SET datafusion.execution.target_partitions = 4").await.unwrap();
    let table = format!("CREATE EXTERNAL TABLE lines (value BIGINT, text VARCHAR) STORED AS CSV LOCATION '{place}/lines.csv'");
    world.run(&format!("{table} OPTIONS ('format.has_header' 'true')")).await.unwrap();
    let back = world.rows("SELECT count(*), sum(value), count(DISTINCT text), max(length(text)) FROM lines").await;
    assert_eq!(back, [["5000", "12502500", "5000", "21"]]);
    // Without rows there are columns all the same.
    world.copy(&format!("COPY (SELECT 1 AS one WHERE false) TO '{place}/none.csv'")).await;
    assert_eq!(text("none.csv"), "one\n");
    world.copy(&format!("COPY (SELECT 1 AS one WHERE false) TO '{place}/none/' STORED AS PARQUET")).await;
    assert_eq!(world.rows(&format!("SELECT count(one) FROM '{place}/none/'")).await, [["0"]]);
    for (sql, part) in [
        ("TO 'x.csv' STORED AS parquett", "PARQUETT"),
        ("TO 'x.parquet' OPTIONS ('format.compresion' 'zstd')", "compresion"),
        ("TO 'x[1].csv'", "wildcards"),
        ("TO 'x.parquet' OPTIONS ('format.crypto.file_encryption.footer_key_as_hex' '30313233')", "format.crypto.file_encryption"),
        ("TO 'x.parquet' OPTIONS ('format.crypto.factory_id' 'x')", "format.crypto.factory_id: files are not encrypted"),
        ("TO 'x' STORED AS ARROW OPTIONS ('compression' 'zstd')", "format.compression: ARROW files have no options"),
        ("TO 'x.csv' OPTIONS ('execution.soft_max_rows_per_output_file' '5')", "execution.soft_max_rows_per_output_file"),
        ("TO 'x.parquet.gz'", "x.parquet.gz"),
        ("TO 'x.arrow.zst'", "x.arrow.zst"),
        ("TO 'ftp://x/y.csv'", "ftp://"),
        ("TO 'http://127.0.0.1:9/d/' STORED AS CSV", "one file"),
        ("TO 'd/' STORED AS CSV PARTITIONED BY (a)", "all columns"),
    ] {
        let error = world.error(&format!("COPY (SELECT 1 AS a) {sql}")).await;
        assert!(error.contains(part), "{sql}: {error}");
    }
    let folder_error =
        world.error(&format!("COPY (SELECT 1 AS a) TO '{place}/none' STORED AS CSV OPTIONS ('single_file_output' 'true')")).await;
    assert!(folder_error.contains("no file that could be replaced"), "{folder_error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_tells_what_columns_are_and_its_row_groups_are_bounded_in_bytes() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    let open = || ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
    world.copy(&format!("COPY (SELECT key, key AS again, upper(key) AS loud, labels FROM jira.issues) TO '{}'", file.display())).await;
    let schema = Arc::clone(open().schema());
    let described = |name: &str| schema.field_with_name(name).unwrap().metadata().get("description").cloned();
    assert_eq!(described("key").as_deref(), Some("Issue key, like ENG-42"));
    assert_eq!(described("again"), described("key"));
    assert_eq!(described("loud"), None);
    assert_eq!(schema.field_with_name("key").unwrap().data_type(), &DataType::Utf8);
    assert!(open().metadata().file_metadata().created_by().unwrap().starts_with("sqluice version "));

    // Texts that nothing compresses, of which a row group of a million rows would hold all.
    let sql = "SELECT concat(random(), random(), random(), random()) AS text FROM generate_series(1, 40000)";
    let options = "OPTIONS ('format.max_row_group_bytes' '200000', 'format.compression' 'snappy')";
    world.copy(&format!("COPY ({sql}) TO '{}' {options}", file.display())).await;
    let metadata = Arc::clone(open().metadata());
    let sizes: Vec<i64> = metadata.row_groups().iter().map(RowGroupMetaData::compressed_size).collect();
    assert!(sizes.len() > 5 && sizes.iter().all(|size| *size < 300_000), "{sizes:?}");
    assert_eq!(metadata.row_groups().iter().map(RowGroupMetaData::num_rows).sum::<i64>(), 40_000);
    let compression = metadata.row_group(0).column(0).compression();
    assert_eq!(compression, datafusion::parquet::basic::Compression::SNAPPY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_the_export_and_makes_no_call() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let sql =
        format!("COPY (SELECT id, status FROM jira.issues) TO '{}/d/' STORED AS CSV PARTITIONED BY (status)", folder.path().display());
    let plan = world.rows(&format!("EXPLAIN {sql}")).await;
    let physical = &plan.iter().find(|row| row[0] == "physical_plan").unwrap()[1];
    assert!(
        physical.contains("ExportExec: to=") && physical.contains("partitioned_by=[status]") && physical.contains("ApiScanExec"),
        "{physical}"
    );
    assert!(world.take_jira().is_empty() && files(folder.path()).is_empty());
    // A subquery's node stands above the export.
    let [rows, ..] = world
        .copy(&format!("COPY (SELECT value FROM generate_series(1, 10) WHERE value > (SELECT 7)) TO '{}/x.csv'", folder.path().display()))
        .await;
    assert_eq!(rows, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_exported_without_its_hidden_columns() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("projects.csv");
    world.copy(&format!("COPY jira.projects TO '{}'", file.display())).await;
    let text = std::fs::read_to_string(file).unwrap();
    let header = text.lines().next().unwrap();
    assert!(header.split(',').any(|name| name == "key") && !header.contains("issue_count"), "{header}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_values_are_the_same_json_by_both_roads() {
    let world = World::unrecorded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.csv");
    let sql = "SELECT array_agg(named_struct('k', k, 'at', at)) AS l, named_struct('n', 1) AS s, map(['a'], [1.5]) AS m, \
               [[1, NULL], NULL] AS nested, CAST(NULL AS INT[]) AS nothing \
               FROM (VALUES ('ENG-1', TIMESTAMP '2026-01-05T10:20:30Z'), ('a\"b', NULL)) t(k, at)";
    world.copy(&format!("COPY ({sql}) TO '{}'", file.display())).await;
    let copied = std::fs::read_to_string(file).unwrap();
    let shown = crate::common::sqluice().args(["--format", "csv", "-c", sql]).output().unwrap();
    assert_eq!(copied, String::from_utf8(shown.stdout).unwrap());
    let mut reader = csv::Reader::from_reader(copied.as_bytes());
    let row = reader.records().next().unwrap().unwrap();
    let cells: Vec<serde_json::Value> = row.iter().take(4).map(|cell| serde_json::from_str(cell).unwrap()).collect();
    assert_eq!(cells[0][0]["k"], "ENG-1");
    assert_eq!((&cells[0][1]["k"], &cells[0][1]["at"]), (&"a\"b".into(), &serde_json::Value::Null));
    assert_eq!(cells[1..], [serde_json::json!({"n": 1}), serde_json::json!({"a": 1.5}), serde_json::json!([[1, null], null])]);
    assert_eq!(&row[4], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_server_gets_one_whole_file() {
    use axum::http::StatusCode;

    let got: Arc<std::sync::Mutex<Vec<bytes::Bytes>>> = Arc::default();
    let keep = Arc::clone(&got);
    let app = axum::Router::new().fallback(async move |method: axum::http::Method, body: bytes::Bytes| {
        if method != "PUT" {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        keep.lock().unwrap().push(body);
        StatusCode::CREATED
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.csv", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    let world = World::unrecorded().await;
    // More than a part, for a server that takes none.
    world.run("SET datafusion.execution.objectstore_writer_buffer_size = 100").await.unwrap();
    let [rows, _, bytes, _] = world.copy(&format!("COPY (SELECT value FROM generate_series(1, 1000)) TO '{url}'")).await;
    server.abort();
    let got = got.lock().unwrap();
    assert_eq!((got.len(), got[0].len()), (1, usize::try_from(bytes).unwrap()));
    assert_eq!(rows, 1000);
    assert!(got[0].starts_with(b"value\n1\n2\n") && got[0].ends_with(b"\n1000\n"));
}

#[test]
fn the_command_line_says_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let run = |args: &[&str]| {
        let output = crate::common::sqluice().args(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, said) = run(&["-c", &format!("COPY (SELECT value FROM generate_series(1, 1234)) TO '{place}/x.csv'")]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{said}");
    let bytes = std::fs::metadata(folder.path().join("x.csv")).unwrap().len();
    assert_eq!(said, format!("-- 1,234 rows in 1 file, {},{:03} bytes, 0 calls\n", bytes / 1000, bytes % 1000));

    let target = format!("{place}/d/");
    let (code, out, said) =
        run(&["-o", &target, "--format", "ndjson", "-c", "SET datafusion.execution.batch_size = 10", "-c", "SELECT 1 AS one"]);
    assert_eq!((code, out.as_str(), said.as_str()), (Some(0), "", "-- 1 row in 1 file, 10 bytes, 0 calls\n"));
    assert_eq!(files(&folder.path().join("d")).len(), 2);
    let (code, _, said) = run(&["-o", &target, "--format", "table", "-c", "SELECT 1"]);
    assert_eq!(code, Some(2), "{said}");
    let (code, _, said) = run(&["-o", &format!("{place}/two/"), "--format", "csv", "-c", "SELECT 1", "-c", "SELECT 2"]);
    assert!(code == Some(1) && said.contains("one result"), "{said}");
}
