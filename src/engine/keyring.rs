//! Secrets that the operating system keeps for its user: macOS' Keychain, Windows' Credential Manager, elsewhere the Secret Service
//! (GNOME Keyring, `KWallet`). Names what is wrong, and neither a secret nor the name that it goes by, which may be one by mistake.

#[cfg(feature = "keyring-core")]
pub(crate) use self::entries::{available, delete, read, set};
#[cfg(not(feature = "keyring-core"))]
pub(crate) use self::missing::{available, delete, read, set};

#[cfg(not(feature = "keyring"))]
const HOW: &str = "this sqluice is built without the keyring; build it with: cargo install --path . --features keyring";

#[cfg(feature = "keyring-core")]
mod entries {
    use std::sync::Arc;

    use keyring_core::{CredentialStore, Entry, Error, get_default_store, set_default_store};

    /// What all entries belong to.
    const SERVICE: &str = "sqluice";

    /// Whether there is a keyring.
    pub(crate) fn available() -> Result<(), String> {
        // A program may have chosen another store.
        if get_default_store().is_none() {
            set_default_store(native()?);
        }
        Ok(())
    }

    /// The secret of that name.
    pub(crate) fn read(name: &str) -> Result<String, String> {
        entry(name)?.get_password().map_err(|error| said(&error))
    }

    /// Keeps a secret under that name, in place of the one before.
    pub(crate) fn set(name: &str, secret: &str) -> Result<(), String> {
        entry(name)?.set_password(secret).map_err(|error| said(&error))
    }

    /// Forgets the secret of that name.
    pub(crate) fn delete(name: &str) -> Result<(), String> {
        entry(name)?.delete_credential().map_err(|error| said(&error))
    }

    fn entry(name: &str) -> Result<Entry, String> {
        available()?;
        Entry::new(SERVICE, name).map_err(|error| said(&error))
    }

    #[cfg(feature = "keyring")]
    fn native() -> Result<Arc<CredentialStore>, String> {
        #[cfg(target_os = "macos")]
        use apple_native_keyring_store::keychain::Store;
        #[cfg(windows)]
        use windows_native_keyring_store::Store;
        #[cfg(all(unix, not(target_os = "macos")))]
        use zbus_secret_service_keyring_store::Store;
        let store: keyring_core::Result<Arc<CredentialStore>> = Store::new().map(|store| store as _);
        store.map_err(|error| said(&error))
    }

    #[cfg(not(feature = "keyring"))]
    fn native() -> Result<Arc<CredentialStore>, String> {
        Err(super::HOW.to_owned())
    }

    fn said(error: &Error) -> String {
        match error {
            Error::NoEntry => "the keyring has no secret of that name; run: sqluice secret set NAME".to_owned(),
            // These hold the secret.
            Error::BadEncoding(_) | Error::BadDataFormat(..) => "what the keyring has under that name is no text".to_owned(),
            error => format!("the keyring cannot be used: {error}"),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::Config;

        #[test]
        fn a_configuration_finds_what_was_kept() {
            set_default_store(keyring_core::mock::Store::new().unwrap());
            let text = "[sources.jira]\nsite = \"https://x.example\"\ntoken = { keyring = \"jira-canary\" }\n\
                        [stores.s3]\nsecret_access_key = { keyring = \"jira-canary\" }\n";
            let config = Config::parse(text, "c").unwrap();
            let specs = crate::spec::built_in().unwrap();
            let token = || config.sources["jira"].inputs("jira", &specs["jira"], false);
            let error = token().unwrap_err().to_string();
            assert!(error.starts_with("[sources.jira]: token: ") && error.contains("sqluice secret set NAME"), "{error}");
            assert!(!error.contains("canary"), "{error}");
            set("jira-canary", "t0ken").unwrap();
            assert_eq!(secrecy::ExposeSecret::expose_secret(token().unwrap().secret("token").unwrap()), "t0ken");
            assert_eq!(config.stores["s3"].options().unwrap(), [("secret_access_key".to_owned(), "t0ken".to_owned())]);
            set("jira-canary", "another").unwrap();
            assert_eq!(read("jira-canary").unwrap(), "another");

            let refuse = |error: Error| {
                let entry = entry("jira-canary").unwrap();
                entry.as_any().downcast_ref::<keyring_core::mock::Cred>().unwrap().set_error(error);
                read("jira-canary").unwrap_err()
            };
            let error = refuse(Error::BadEncoding(b"another".to_vec()));
            assert!(error.contains("is no text") && !error.contains("another"), "{error}");
            assert!(refuse(Error::NoStorageAccess("it is locked".into())).contains("it is locked"));

            delete("jira-canary").unwrap();
            assert!(token().is_err() && delete("jira-canary").unwrap_err().contains("no secret of that name"));
        }
    }
}

#[cfg(not(feature = "keyring-core"))]
mod missing {
    use super::HOW;

    /// Whether there is a keyring.
    pub(crate) fn available() -> Result<(), String> {
        Err(HOW.to_owned())
    }

    /// The secret of that name.
    pub(crate) fn read(_: &str) -> Result<String, String> {
        Err(HOW.to_owned())
    }

    /// Keeps a secret under that name.
    pub(crate) fn set(_: &str, _: &str) -> Result<(), String> {
        Err(HOW.to_owned())
    }

    /// Forgets the secret of that name.
    pub(crate) fn delete(_: &str) -> Result<(), String> {
        Err(HOW.to_owned())
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_configuration_is_told_what_to_build() {
            let config = crate::Config::parse("[sources.jira]\ntoken = { keyring = \"jira\" }\n", "c").unwrap();
            let specs = crate::spec::built_in().unwrap();
            let error = config.sources["jira"].inputs("jira", &specs["jira"], false).unwrap_err().to_string();
            assert!(error.starts_with("[sources.jira]: token: ") && error.contains("--features keyring"), "{error}");
        }
    }
}
