//! Who signs. Knows nothing of where credentials come from, nor when temporary ones end.

use std::fmt;

/// An access key with its secret, and the session token when they are temporary.
///
/// `Debug` shows the access key only, which is public: it stands in every signed URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Public half, part of every signature.
    pub access_key: String,
    /// Secret half; never printed.
    pub secret_key: String,
    /// Token of temporary credentials. It travels in every URL that they sign, which dies with them.
    pub session_token: Option<String>,
}

impl Credentials {
    /// Lasting credentials.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { access_key: access_key.into(), secret_key: secret_key.into(), session_token: None }
    }

    /// The same credentials with a session token.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.session_token.as_ref().map(|_| "…");
        formatter
            .debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .field("secret_key", &"…")
            .field("session_token", &token)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_secrets() {
        let printed = format!("{:?}", Credentials::new("AKID", "hush").with_session_token("quiet"));
        assert!(printed.contains("AKID"));
        assert!(!printed.contains("hush") && !printed.contains("quiet"));
    }
}
