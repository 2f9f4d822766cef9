//! Sources written in Rust: what they are asked for, and that nothing depends on whether they obey.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use datafusion::arrow::array::{AsArray, Int32Array, Int64Array, RecordBatch, StringViewArray, TimestampMillisecondArray};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use sqluice::Engine;
use sqluice::native::{Batches, NativeSource, NativeTable, Order, Pushed, ScanRequest};
use sqluice::predicate::{Predicate, Value};
use sqluice::spec::Dir;

const BOOKS: i64 = 1000;
const PAGE: i64 = 100;

/// A thousand books in pages of a hundred, by id.
#[derive(Debug)]
struct Books {
    pushed: Pushed,
    asked: Mutex<Vec<ScanRequest>>,
    pages: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    wrong: bool,
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("title", DataType::Utf8View, false),
        Field::new("year", DataType::Int32, true),
        Field::new("added", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
    ]))
}

/// The books with these ids. Every tenth has no year.
fn books(ids: impl Iterator<Item = i64> + Clone) -> RecordBatch {
    let titles: StringViewArray = ids.clone().map(|id| Some(format!("Book {id}"))).collect();
    let years: Int32Array = ids.clone().map(|id| (id % 10 != 0).then(|| i32::try_from(1900 + id % 100).unwrap())).collect();
    let added: TimestampMillisecondArray = ids.clone().map(|id| Some(id * 1000)).collect();
    let ids: Int64Array = ids.map(Some).collect();
    RecordBatch::try_new(schema(), vec![Arc::new(ids), Arc::new(titles), Arc::new(years), Arc::new(added.with_timezone("UTC"))]).unwrap()
}

impl NativeSource for Books {
    fn tables(&self) -> Vec<NativeTable> {
        vec![NativeTable::new("books", schema()).rows(1000)]
    }

    fn pushed(&self, _table: &str, _filter: &Predicate) -> Pushed {
        self.pushed
    }

    fn sorts(&self, _table: &str, order: &[Order]) -> bool {
        order == [Order { column: 0, dir: Dir::Asc }]
    }

    fn scan(&self, request: ScanRequest) -> Batches {
        self.asked.lock().push(request.clone());
        self.open.fetch_add(1, Relaxed);
        let (open, pages) = (Open(Arc::clone(&self.open)), Arc::clone(&self.pages));
        if self.wrong {
            return futures::stream::iter([Ok(books(1..2)), Err("the shelf is empty".into())]).boxed();
        }
        // Only `id = …` and `id IN (…)` are understood, and only where it is exact.
        let wanted = if self.pushed == Pushed::Exact { request.filter.required_values(0) } else { None };
        futures::stream::iter((0..BOOKS / PAGE).map(move |page| {
            let _ = &open;
            pages.fetch_add(1, Relaxed);
            let ids = page * PAGE + 1..page * PAGE + PAGE + 1;
            let wanted = wanted.clone();
            let ids = ids.filter(move |id| wanted.as_ref().is_none_or(|values| values.contains(&Value::Int(*id))));
            Ok(books(ids).project(&request.columns)?)
        }))
        .boxed()
    }
}

struct Shop {
    engine: Engine,
    books: Arc<Books>,
}

impl Shop {
    fn new(pushed: Pushed) -> Self {
        Self::with(pushed, false)
    }

    fn with(pushed: Pushed, wrong: bool) -> Self {
        let books = Books { pushed, asked: Mutex::default(), pages: Arc::default(), open: Arc::default(), wrong };
        let books = Arc::new(books);
        let engine = Engine::builder().build().unwrap();
        engine.register("shop", Arc::clone(&books)).unwrap();
        Self { engine, books }
    }

    async fn rows(&self, sql: &str) -> Vec<RecordBatch> {
        self.engine.sql(sql).await.unwrap().stream().unwrap().try_collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    async fn ids(&self, sql: &str) -> Vec<i64> {
        self.rows(sql).await.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    }

    /// The last request, and the pages that were read since the last time.
    fn asked(&self) -> (ScanRequest, usize) {
        (self.books.asked.lock().pop().unwrap(), self.books.pages.swap(0, Relaxed))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_ignores_filters_loses_nothing_and_adds_nothing() {
    for pushed in [Pushed::Inexact, Pushed::Never] {
        let shop = Shop::new(pushed);
        assert_eq!(shop.ids("SELECT id FROM shop.books WHERE id IN (3, 5, 700, 4000) ORDER BY id DESC").await, [700, 5, 3]);
        assert_eq!(shop.ids("SELECT id FROM shop.books WHERE title = 'Book 17' OR id % 500 = 0").await, [17, 500, 1000]);
        assert_eq!(shop.ids("SELECT count(*) FROM shop.books").await, [1000]);
        assert_eq!(shop.ids("SELECT count(*) FROM shop.books WHERE year IS NULL").await, [100]);
        assert_eq!(shop.ids("SELECT count(*) FROM shop.books WHERE year <> 1901").await, [890]);
        assert_eq!(shop.ids("SELECT count(*) FROM shop.books WHERE added < '1970-01-01T00:00:10.5Z'").await, [10]);
        assert_eq!(shop.ids("SELECT b.id FROM shop.books b JOIN (VALUES (7), (9)) v(id) ON v.id = b.id ORDER BY 1").await, [7, 9]);
        shop.rows("SET sqluice.pushdown = false").await;
        assert_eq!(shop.ids("SELECT id FROM shop.books WHERE id IN (3, 5, 700, 4000) ORDER BY id DESC LIMIT 2").await, [700, 5]);
        assert_eq!(shop.asked().0.filter, Predicate::True);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_told_what_a_query_wants() {
    let shop = Shop::new(Pushed::Inexact);
    shop.rows("SELECT title FROM shop.books WHERE id >= 10 AND id < 20 AND (year = 1912 OR length(title) > 3) LIMIT 5").await;
    let (request, _) = shop.asked();
    assert_eq!((request.table.as_str(), request.columns.as_slice(), request.limit), ("books", [0, 1, 2].as_slice(), None));
    assert_eq!(request.schema.as_ref(), &schema().project(&[0, 1, 2]).unwrap());
    let Predicate::Leaf(leaf) = &request.filter else { panic!("{:?}", request.filter) };
    assert_eq!(leaf.column, 0);
    assert!(format!("{:?}", leaf.test).contains("Int(10)") && format!("{:?}", leaf.test).contains("Int(20)"), "{leaf:?}");

    shop.rows("SELECT count(*) FROM shop.books").await;
    assert_eq!(shop.asked().0.columns, [0; 0]);

    // Microseconds, whatever the column's unit.
    shop.rows("SELECT id FROM shop.books WHERE added = '1970-01-01T00:00:07Z'").await;
    assert_eq!(shop.asked().0.filter.required_values(3), Some(vec![Value::Time(7_000_000)]));

    let shop = Shop::new(Pushed::Never);
    shop.rows("SELECT title FROM shop.books WHERE id = 10").await;
    assert_eq!(shop.asked().0.filter, Predicate::True);

    let shop = Shop::new(Pushed::Exact);
    assert_eq!(shop.ids("SELECT id FROM shop.books WHERE id IN (10, 11, 12) LIMIT 2").await, [10, 11]);
    let (request, _) = shop.asked();
    assert_eq!(request.limit, Some(2));
    shop.ids("SELECT id FROM shop.books WHERE id IN (10, 11, 12) AND title LIKE '%1' LIMIT 2").await;
    assert_eq!(shop.asked().0.limit, None, "a limit before a filter is another query");
    let plan = shop.rows("EXPLAIN SELECT title FROM shop.books WHERE id = 10 ORDER BY id LIMIT 2").await;
    let plan = datafusion::arrow::util::pretty::pretty_format_batches(&plan).unwrap().to_string();
    assert!(plan.contains("NativeScanExec: shop.books columns=[id, title] asked=[id@0 = 10] recheck=[id@0 = 10]"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_read_no_further_than_needed() {
    let shop = Shop::new(Pushed::Inexact);
    for (sql, pages) in [
        ("SELECT id FROM shop.books LIMIT 10", 1),
        ("SELECT id FROM shop.books WHERE length(title) > 3 LIMIT 100", 1),
        ("SELECT id FROM shop.books WHERE id > 150 LIMIT 10", 2),
        ("SELECT id FROM shop.books ORDER BY id LIMIT 10", 1),
        ("SELECT title FROM shop.books ORDER BY id LIMIT 10 OFFSET 95", 2),
        ("SELECT id FROM shop.books ORDER BY id DESC LIMIT 10", 10),
        ("SELECT id FROM shop.books ORDER BY id NULLS FIRST LIMIT 10", 10),
    ] {
        assert!(!shop.rows(sql).await.is_empty(), "{sql}");
        assert_eq!(shop.asked().1, pages, "{sql}");
        assert_eq!(shop.books.open.load(Relaxed), 0, "{sql}");
    }
    assert_eq!(shop.ids("SELECT id FROM shop.books WHERE id % 2 = 0 ORDER BY id LIMIT 3").await, [2, 4, 6]);
    assert_eq!(shop.asked().0.order, [Order { column: 0, dir: Dir::Asc }]);

    let query = shop.engine.sql("SELECT * FROM shop.books").await.unwrap();
    assert_eq!(shop.books.asked.lock().len(), 0, "planning asks for nothing");
    let mut stream = query.stream().unwrap();
    assert_eq!(shop.books.asked.lock().len(), 0, "and neither does starting");
    stream.next().await.unwrap().unwrap();
    assert_eq!(shop.books.open.load(Relaxed), 1);
    drop(stream);
    tokio::time::timeout(Duration::from_secs(10), async {
        while shop.books.open.load(Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(shop.asked().1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_source_and_table() {
    let error = async |shop: &Shop, sql: &str| {
        let result: Result<Vec<RecordBatch>, _> = async { shop.engine.sql(sql).await?.stream()?.try_collect().await }.await;
        result.unwrap_err().find_root().to_string()
    };
    let shop = Shop::with(Pushed::Inexact, true);
    let empty = error(&shop, "SELECT * FROM shop.books").await;
    assert!(empty.contains("shop.books: the shelf is empty"), "{empty}");
    let types = error(&shop, "SELECT title FROM shop.books").await;
    assert!(types.contains("shop.books") && types.contains("title Utf8View"), "{types}");
    let table = error(&shop, "SELECT * FROM shop.shelves").await;
    assert!(table.contains("there is no table shelves in source shop; its tables are: books"), "{table}");
    for sql in ["INSERT INTO shop.books VALUES (1, 'x', 1, now())", "CREATE TABLE shop.more AS SELECT 1", "DROP TABLE shop.books"] {
        let writing = error(&shop, sql).await;
        assert!(writing.contains("sqluice only reads sources"), "{sql}: {writing}");
    }
    for taken in ["shop", "sqluice", "public"] {
        let again = shop.engine.register(taken, Arc::clone(&shop.books)).unwrap_err().to_string();
        assert!(again.contains("already"), "{again}");
    }
    // A source that is known but not configured leaves its name to others.
    shop.engine.register("slack", Arc::clone(&shop.books)).unwrap();
    assert_eq!(Shop::new(Pushed::Never).ids("SELECT count(*) FROM shop.books").await, [1000]);
    let listed = shop.rows("SELECT table_schema, table_name FROM information_schema.tables WHERE table_name = 'books' ORDER BY 1").await;
    assert_eq!(listed.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
}
