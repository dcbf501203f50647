//! Who may talk to the server: only the page that it served itself.
//!
//! Any web page may send requests to 127.0.0.1, and a foreign name may be made to lead here (DNS rebinding). The first is
//! seen in `Origin`, the second in `Host`.

use axum::http::{HeaderMap, Method, StatusCode, header};

/// The names under which the server answers.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    hosts: [String; 2],
}

impl Gate {
    /// A gate for a server on this port.
    pub(super) fn new(port: u16) -> Self {
        Self { hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")] }
    }

    /// Whether a request may enter; otherwise the status and the reason in one line.
    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(header::HOST).unwrap_or("");
        if !self.hosts.iter().any(|own| own == host) {
            let reason = format!("the host {host:?} is not served here; open http://{}\n", self.hosts[0]);
            return Err((StatusCode::FORBIDDEN, reason));
        }
        let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|origin| origin == host);
        match text(header::ORIGIN) {
            Some(origin) if !own(origin) => {
                Err((StatusCode::FORBIDDEN, format!("pages of {origin:?} may not talk to the playground\n")))
            }
            // A browser always says where a WebSocket comes from.
            None if headers.contains_key(header::UPGRADE) => {
                Err((StatusCode::FORBIDDEN, "a WebSocket without an Origin is refused\n".into()))
            }
            _ if method != Method::GET && method != Method::HEAD => {
                Err((StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n".into()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;
    use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};

    fn check(method: Method, headers: &[(HeaderName, &str)]) -> Result<(), (StatusCode, String)> {
        let headers: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Gate::new(7777).check(&method, &headers)
    }

    #[test]
    fn only_the_own_page_enters() {
        let (host, origin, upgrade) = (header::HOST, header::ORIGIN, header::UPGRADE);
        let get = |headers: &[(HeaderName, &str)]| check(Method::GET, headers).map_err(|(status, _)| status.as_u16());
        assert_eq!(get(&[(host.clone(), "127.0.0.1:7777")]), Ok(()));
        assert_eq!(get(&[(host.clone(), "localhost:7777"), (origin.clone(), "http://localhost:7777")]), Ok(()));
        for foreign in ["evil.example", "127.0.0.1", "127.0.0.1:7778", "localhost:7777.evil.example", ""] {
            assert_eq!(get(&[(host.clone(), foreign)]), Err(403), "{foreign}");
        }
        assert_eq!(get(&[]), Err(403));
        for foreign in ["http://evil.example", "https://127.0.0.1:7777", "http://localhost:7777", "null"] {
            assert_eq!(get(&[(host.clone(), "127.0.0.1:7777"), (origin.clone(), foreign)]), Err(403), "{foreign}");
        }
        assert_eq!(get(&[(host.clone(), "127.0.0.1:7777"), (upgrade, "websocket")]), Err(403));
        let post = check(Method::POST, &[(host, "127.0.0.1:7777")]).unwrap_err();
        assert_eq!(post, (StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n".into()));
    }
}
