//! Object stores: opened when a URL first names one, with what the configuration and the environment say of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreRegistry;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parking_lot::RwLock;
use url::{Position, Url};

use super::config::StoreConfig;

/// The stores of an engine, by scheme and host.
#[derive(Debug)]
pub(super) struct Stores {
    config: BTreeMap<String, StoreConfig>,
    open: RwLock<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Stores {
    pub(super) fn new(config: BTreeMap<String, StoreConfig>) -> Self {
        let local: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
        Self { config, open: RwLock::new([("file://".to_owned(), local)].into()) }
    }

    /// What is configured for a store: its own section, else its scheme's.
    fn options(&self, key: &str) -> Result<Vec<(String, String)>> {
        let scheme = key.split(':').next().unwrap_or_default();
        let found = [key, scheme].into_iter().find_map(|name| self.config.get_key_value(name));
        let Some((name, config)) = found else { return Ok(Vec::new()) };
        config.options().map_err(|message| DataFusionError::Configuration(format!("[stores.\"{name}\"]: {message}")))
    }
}

/// Scheme, container and host; no password.
fn key(url: &Url) -> String {
    let user = if url.username().is_empty() { String::new() } else { format!("{}@", url.username()) };
    format!("{}://{user}{}", url.scheme(), &url[Position::BeforeHost..Position::AfterPort])
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.open.write().insert(key(url), store)
    }

    fn deregister_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let key = key(url);
        self.open.write().remove(&key).ok_or_else(|| DataFusionError::Configuration(format!("there is no store {key}")))
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let key = key(url);
        if let Some(store) = self.open.read().get(&key) {
            return Ok(Arc::clone(store));
        }
        let store = remote::open(url, &key, self.options(&key)?)?;
        Ok(Arc::clone(self.open.write().entry(key).or_insert(store)))
    }
}

mod remote {
    use std::str::FromStr;

    use object_store::ClientConfigKey;
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
    use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
    use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
    use object_store::http::HttpBuilder;

    use super::{Arc, DataFusionError, ObjectStore, Position, Result, Url};

    pub(super) fn open(url: &Url, key: &str, options: Vec<(String, String)>) -> Result<Arc<dyn ObjectStore>> {
        // The host alone: a container is no path, and a path is no container.
        let place = &url[Position::BeforeScheme..Position::AfterPort];
        let built: object_store::Result<Arc<dyn ObjectStore>> = match url.scheme() {
            "s3" | "s3a" => {
                let mut builder = AmazonS3Builder::from_env().with_url(place);
                for (name, value) in options {
                    builder = builder.with_config(option::<AmazonS3ConfigKey>(key, &name)?, value);
                }
                builder.build().map(|store| Arc::new(store) as _)
            }
            "gs" => {
                let mut builder = GoogleCloudStorageBuilder::from_env().with_url(place);
                for (name, value) in options {
                    builder = builder.with_config(option::<GoogleConfigKey>(key, &name)?, value);
                }
                builder.build().map(|store| Arc::new(store) as _)
            }
            "az" | "azure" | "adl" | "abfs" | "abfss" => {
                let mut builder = MicrosoftAzureBuilder::from_env().with_url(place);
                for (name, value) in options {
                    builder = builder.with_config(option::<AzureConfigKey>(key, &name)?, value);
                }
                builder.build().map(|store| Arc::new(store) as _)
            }
            scheme @ ("http" | "https") => {
                // Who writes http:// has said so.
                let mut builder =
                    HttpBuilder::new().with_url(place).with_config(ClientConfigKey::AllowHttp, (scheme == "http").to_string());
                for (name, value) in options {
                    builder = builder.with_config(option::<ClientConfigKey>(key, &name)?, value);
                }
                builder.build().map(|store| Arc::new(store) as _)
            }
            scheme => {
                return Err(DataFusionError::Configuration(format!(
                    "{scheme}:// is no place for files; these are: a path, file://, s3://, gs://, az://, abfss://, http://, https://"
                )));
            }
        };
        built.map_err(|error| DataFusionError::Configuration(format!("{key} cannot be opened: {error}")))
    }

    fn option<K: FromStr>(key: &str, name: &str) -> Result<K> {
        name.to_lowercase().parse().map_err(|_| {
            DataFusionError::Configuration(format!(
                "[stores.\"{key}\"]: there is no option `{name}`; some are endpoint, region, allow_http, access_key_id, secret_access_key"
            ))
        })
    }
}
