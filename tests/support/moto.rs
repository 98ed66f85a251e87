//! A real server of STS and IAM that checks signatures, on loopback, for one test.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::tools;

/// A key as IAM or STS hands it out.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) user: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// The server; it ends with this value.
pub(crate) struct Moto {
    /// `None` where another value ends it.
    child: Option<Child>,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Moto {
    /// Starts a server that lets everything through until [`Moto::check_signatures`].
    pub(crate) fn start() -> Self {
        let venv = tools::venv().expect("python3 and its packages, see tests/requirements.txt");
        Self::run(&tools::programs(&venv).join("moto_server"), &[])
    }

    /// Starts one that is as strict with keys and user names as AWS, `tests/tools/strict_moto.py`.
    pub(crate) fn start_strict(variables: &[(&str, &str)]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::run(&here.join("tests/tools/strict_moto.py"), variables)
    }

    /// A server that runs already, as somebody else sees it.
    pub(crate) fn at(url: &str) -> Self {
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        Self { child: None, port, folder: tempfile::tempdir().expect("a folder") }
    }

    fn run(program: &Path, variables: &[(&str, &str)]) -> Self {
        let venv = tools::venv().expect("python3 and its packages, see tests/requirements.txt");
        let folder = tempfile::tempdir().expect("a folder");
        let log = File::create(folder.path().join("log")).expect("a log");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let mut command = Command::new(tools::programs(&venv).join("python"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        let child = command
            .arg(program)
            .envs(variables.iter().copied())
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("moto starts");
        let moto = Self { child: Some(child), port, folder };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "moto does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on every request must be signed by a key that the server knows.
    pub(crate) fn check_signatures(&self) {
        let answer = self.post("/moto-api/reset-auth", "Content-Type: text/plain\r\n", "0");
        assert!(answer.contains("200 OK"), "{answer}");
    }

    /// The number of requests to the service in the server's own log.
    pub(crate) fn requests(&self) -> usize {
        let log = fs::read_to_string(self.folder.path().join("log")).expect("the log");
        log.lines().filter(|line| line.contains("\"POST / HTTP/1.1\"")).count()
    }

    /// A user with a key whose id AWS could have issued.
    pub(crate) fn user_key(&self, user: &str) -> Key {
        let encoded = user.replace('+', "%2B").replace('=', "%3D");
        self.iam(&format!("Action=CreateUser&UserName={encoded}"));
        loop {
            let answer = self.iam(&format!("Action=CreateAccessKey&UserName={encoded}"));
            let id = between(&answer, "<AccessKeyId>", "</AccessKeyId>");
            let secret = between(&answer, "<SecretAccessKey>", "</SecretAccessKey>");
            if is_aws_shaped(&id) {
                return Key { user: user.to_owned(), id, secret, token: None };
            }
            self.iam(&format!("Action=DeleteAccessKey&UserName={user}&AccessKeyId={id}"));
        }
    }

    /// A session of a role.
    pub(crate) fn session_key(&self, role: &str) -> Key {
        self.iam(&format!("Action=CreateRole&RoleName={role}&AssumeRolePolicyDocument=%7B%7D"));
        loop {
            let role = format!("arn:aws:iam::123456789012:role/{role}");
            let body =
                format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=test");
            let answer = self.call("sts", &body);
            let id = between(&answer, "<AccessKeyId>", "</AccessKeyId>");
            if is_aws_shaped(&id) {
                let secret = between(&answer, "<SecretAccessKey>", "</SecretAccessKey>");
                let token = between(&answer, "<SessionToken>", "</SessionToken>");
                return Key { user: role, id, secret, token: Some(token) };
            }
        }
    }

    /// From now on requests are let through until [`Moto::check_signatures`].
    pub(crate) fn trust(&self) {
        self.post("/moto-api/reset-auth", "Content-Type: text/plain\r\n", "inf");
    }

    /// Calls an action of IAM while the server checks signatures, which it does not for the moment.
    pub(crate) fn meanwhile(&self, body: &str) -> String {
        self.trust();
        let answer = self.iam(body);
        self.check_signatures();
        answer
    }

    /// A user that may do all, with a key.
    pub(crate) fn administrator(&self, user: &str) -> Key {
        let key = self.user_key(user);
        self.allow(user, "*");
        key
    }

    /// Lets a role call every action, and everybody assume it.
    pub(crate) fn allow_role(&self, role: &str) {
        let all = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";
        self.iam(&format!(
            "Action=PutRolePolicy&RoleName={role}&PolicyName=all&PolicyDocument={all}"
        ));
        let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22*%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
        self.iam(&format!("Action=UpdateAssumeRolePolicy&RoleName={role}&PolicyDocument={trust}"));
    }

    /// Lets a user call these actions, separated by commas.
    pub(crate) fn allow(&self, user: &str, actions: &str) {
        let actions = actions.replace(',', "%22%2C%22");
        let policy = format!(
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C\
             %22Action%22%3A%5B%22{actions}%22%5D%2C%22Resource%22%3A%22*%22%7D%5D%7D"
        );
        self.iam(&format!(
            "Action=PutUserPolicy&UserName={user}&PolicyName=allow&PolicyDocument={policy}"
        ));
    }

    /// Deletes a user's key while the server checks signatures, which it does not for the moment.
    pub(crate) fn rotate(&self, key: &Key) {
        self.post("/moto-api/reset-auth", "Content-Type: text/plain\r\n", "inf");
        self.delete(key);
        self.check_signatures();
    }

    /// Deletes a user's key.
    pub(crate) fn delete(&self, key: &Key) {
        let (user, id) = (&key.user, &key.id);
        self.iam(&format!("Action=DeleteAccessKey&UserName={user}&AccessKeyId={id}"));
    }

    /// Calls an action of IAM, which is signed only as much as the unchecked server needs.
    pub(crate) fn iam(&self, body: &str) -> String {
        self.call("iam", &format!("{body}&Version=2010-05-08"))
    }

    /// Calls an action of `service`, which the server reads from the credential's scope.
    fn call(&self, service: &str, body: &str) -> String {
        let headers = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, \
             Signature=0\r\n"
        );
        self.post("/", &headers, body)
    }

    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("moto listens");
        let (port, length) = (self.port, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

/// moto's ids may hold 0, 1, 8 and 9, which those of AWS never do.
fn is_aws_shaped(id: &str) -> bool {
    keysweep::aws::KeyId::parse(id.as_bytes()).is_some_and(|id| !id.is_example())
}

fn between(text: &str, start: &str, end: &str) -> String {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("{start} in {text}")).1;
    let (found, _) = rest.split_once(end).expect("an end");
    found.replace("&amp;", "&").trim().to_owned()
}
