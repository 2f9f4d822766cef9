#!/usr/bin/env bash
# A program outside of the repository: it depends on the crate by path without its default features, declares a source as text, and
# queries it on a transport that answers from memory.
#
#   outside.sh [PROFILE]
#
# Cargo would build DataFusion once more for a program that asks less of the libraries below it. So the program also names, and does not
# use, what the repository's default features bring: sqluice itself is built without them, everything else is there already. Other
# crates are there with those features, too; features.py looks whether sqluice uses what only they bring.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -B "$repository/.ci/checks/features.py" "$repository/Cargo.toml"
mkdir "$work/src"
cp "$repository/Cargo.lock" "$work"
python3 - "$repository" >"$work/Cargo.toml" <<'EOF'
import json
import sys
import tomllib

repository = sys.argv[1]
with open(f"{repository}/Cargo.toml", "rb") as file:
    manifest = tomllib.load(file)
print('[package]\nname = "outside"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]')
print(f'sqluice = {{ path = {json.dumps(repository)}, default-features = false }}')
declared = manifest["dependencies"]
asked = list(manifest["features"]["default"])
for feature in asked:  # grows on the way
    asked += manifest["features"].get(feature, [])
features = {name: [feature.split("/")[1] for feature in asked if feature.startswith(f"{name}/")] for name in declared}
for name, how in declared.items():
    used = name in ("async-trait", "bytes", "futures", "http", "tokio")
    if not used and f"dep:{name}" not in asked:
        continue
    how = {"version": how} if isinstance(how, str) else how
    lines = {"version": how["version"], "default-features": how.get("default-features", True)}
    lines["features"] = how.get("features", []) + features[name]
    print(f"{name} = {{ {', '.join(f'{key} = {json.dumps(value)}' for key, value in lines.items())} }}")
for name in ("dev", "release"):
    print(f"\n[profile.{name}]")
    own = dict(manifest["profile"][name])
    packages = own.pop("package", {})
    for key, value in own.items():
        print(f"{key} = {json.dumps(value)}")
    for package, overrides in packages.items():
        print(f"\n[profile.{name}.package.{json.dumps(package)}]")
        for key, value in overrides.items():
            print(f"{key} = {json.dumps(value)}")
    # Built once more for this program alone, and asked for three rows.
    print(f"\n[profile.{name}.package.sqluice]\nopt-level = 0")
EOF
cat >"$work/src/main.rs" <<'EOF'
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use sqluice::Engine;
use sqluice::engine::SourceConfig;
use sqluice::http::{HttpService, TransportError};

const SOURCE: &str = "format: 1\nsource: shop\nbase_url: \"https://shop.example/v1\"\n";
const ORDERS: &str = "format: 1
table: orders
description: Orders.
key: [id]
request: {path: /orders}
rows: orders
filters:
  - {column: total, param: min, ops: [ge], bound: inclusive}
columns:
  - {name: id, type: int64}
  - {name: total, type: float64}
";

#[derive(Debug)]
struct Memory;

#[async_trait]
impl HttpService for Memory {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        assert_eq!(request.uri().to_string(), "https://shop.example/v1/orders?min=2.5");
        Ok(http::Response::new(Bytes::from_static(br#"{"orders": [{"id": 1, "total": 2.5}, {"id": 2, "total": 1.0}, {"id": 3, "total": 9.0}]}"#)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder()
        .table_files([("shop/source.yaml", SOURCE), ("shop/orders.yaml", ORDERS)])
        .source("shop", SourceConfig::default())
        .service(Arc::new(Memory))
        .build()?;
    let mut batches = engine.sql("SELECT id FROM shop.orders WHERE total >= $1").bind(2.5).await?.stream()?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        rows += batch?.num_rows();
    }
    assert_eq!(rows, 2);
    println!("outside: {rows} rows");
    Ok(())
}
EOF
cargo run --quiet --profile "${1:-release}" --manifest-path "$work/Cargo.toml" | tee "$work/out"
grep -q '^outside: 2 rows$' "$work/out"
