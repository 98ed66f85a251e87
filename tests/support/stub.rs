//! A loopback server with scripted answers, for those that a real STS does not give on demand.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use keysweep::aws::KeyId;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// A part of the credential's scope: 0 the key id, 1 the date, 2 the Region.
    pub(crate) fn scope(&self, part: usize) -> &str {
        let authorization = self.header("authorization").unwrap_or_default();
        let scope = authorization.split("Credential=").nth(1).unwrap_or_default();
        scope.split(['/', ',']).nth(part).unwrap_or_default()
    }
}

/// The server's reaction to a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends a status, header lines and a body.
    Send(u16, Vec<String>, String),
    /// Says nothing until the client gives up.
    Hang,
    /// Announces a body and closes in its middle.
    Cut(u16, String),
    /// Sends a status, header lines and a body again and again, without end.
    Endless(u16, Vec<String>, Vec<u8>),
}

type Script = dyn Fn(&Request, usize) -> Act + Send + Sync;

/// A server on 127.0.0.1 for as long as the test runs.
pub(crate) struct Stub {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
    endless: Arc<AtomicUsize>,
}

impl Stub {
    /// Serves plain http; `script` gets each request and how many came before it.
    pub(crate) fn start(script: impl Fn(&Request, usize) -> Act + Send + Sync + 'static) -> Self {
        Self::start_with(script, |stream| Some(Box::new(stream)))
    }

    /// Serves over what `wrap` makes of each connection.
    pub(crate) fn start_with(
        script: impl Fn(&Request, usize) -> Act + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, wrap): (Arc<Script>, _) = (Arc::new(script), Arc::new(wrap));
        let connections = Arc::new(AtomicUsize::new(0));
        let endless = Arc::new(AtomicUsize::new(0));
        let sent = Arc::clone(&endless);
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (script, wrap) = (Arc::clone(&script), Arc::clone(&wrap));
                let (seen, sent) = (Arc::clone(&seen), Arc::clone(&sent));
                thread::spawn(move || {
                    if let Some(stream) = wrap(stream) {
                        serve(stream, &*script, &seen, &sent);
                    }
                });
            }
        });
        Self { port, requests, connections, endless }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Bytes of endless answers that were read from it.
    pub(crate) fn endless(&self) -> usize {
        self.endless.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A connection in either direction.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

fn serve(
    stream: Box<dyn Stream>,
    script: &Script,
    seen: &Mutex<Vec<Request>>,
    endless: &AtomicUsize,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let before = {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(request.clone());
            seen.len() - 1
        };
        let stream = reader.get_mut();
        match script(&request, before) {
            Act::Send(status, headers, body) => {
                let body = for_account_of(&request, &body);
                let mut head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                headers.iter().for_each(|line| head.extend([line.as_str(), "\r\n"]));
                let sent = stream.write_all(format!("{head}\r\n{body}").as_bytes());
                if sent.and_then(|()| stream.flush()).is_err() {
                    return;
                }
            }
            Act::Endless(status, headers, part) => {
                let mut head = format!("HTTP/1.1 {status} x\r\n");
                headers.iter().for_each(|line| head.extend([line.as_str(), "\r\n"]));
                let mut sent = stream.write_all(format!("{head}\r\n").as_bytes());
                while sent.is_ok() {
                    sent = stream.write_all(&part);
                    endless.fetch_add(part.len(), Ordering::SeqCst);
                }
                return;
            }
            Act::Hang => thread::sleep(Duration::from_secs(60)),
            Act::Cut(status, body) => {
                let length = body.len() + 100;
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}");
                let _ = stream.write_all(head.as_bytes());
                return;
            }
        }
    }
}

fn read_request(reader: &mut impl std::io::BufRead) -> Option<Request> {
    let mut lines = reader.lines().map_while(Result::ok);
    let line = lines.next().filter(|line| !line.is_empty())?;
    let headers: Vec<(String, String)> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        })
        .collect();
    let mut request = Request { line, headers, body: String::new(), at: Instant::now() };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}

/// The account of [`identity`].
const ACCOUNT: &str = "123456789012";

/// An answer for the account that the key id of the request encodes, if it encodes one.
fn for_account_of(request: &Request, body: &str) -> String {
    let id = KeyId::parse(request.scope(0).as_bytes());
    let account = id.and_then(|id| id.account());
    account.map_or_else(|| body.to_owned(), |account| body.replace(ACCOUNT, &account))
}

/// STS's answer to a live key, in `partition`, for the account that its id encodes.
pub(crate) fn identity(partition: &str) -> Act {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:{partition}:iam::123456789012:user/alice</Arn>\
         <UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    Act::Send(200, vec!["content-type: text/xml".to_owned()], body)
}

/// STS's refusal in AWS's own envelope.
pub(crate) fn refusal(code: &str, message: &str) -> Act {
    Act::Send(403, vec!["content-type: text/xml".to_owned()], envelope(code, message))
}

/// The document of a refusal.
pub(crate) fn envelope(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
         <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n  \
         </Error>\n  <RequestId>1</RequestId>\n</ErrorResponse>\n"
    )
}

/// A page of a proxy, which is not an answer of STS.
pub(crate) fn proxy_page() -> Act {
    Act::Send(200, vec!["content-type: text/html".to_owned()], "<html>log in</html>".to_owned())
}

/// STS's answer to an id it does not know.
pub(crate) fn not_known() -> Act {
    refusal("InvalidClientTokenId", "The security token included in the request is invalid.")
}

/// STS's answer to a live id with a wrong secret.
pub(crate) fn wrong_secret() -> Act {
    refusal(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
    )
}
