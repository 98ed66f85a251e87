//! The identity that signs: only profiles and variables that are named.

use std::collections::BTreeSet;
use std::fs;

use keysweep::act::open::Request;
use keysweep_aws::Partition;

use crate::support::act::{Around, opened, profile};
use crate::support::moto::{Key, Moto};
use crate::support::programs;
use crate::support::stub::{Act, Stub, identity};
use crate::support::{Keys, Project};

fn named(profile: &str) -> Request {
    Request { profile: Some(profile.to_owned()), ..Request::default() }
}

/// A server, and profiles of every kind that lead to it or nowhere.
struct Profiles {
    moto: Moto,
    project: Project,
    ops: Key,
    other: Key,
}

const ROLE: &str = "arn:aws:iam::123456789012:role/admin";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/admin/keysweep";

impl Profiles {
    fn new() -> Self {
        let moto = Moto::start_strict(&[]);
        let (ops, other) = (moto.administrator("ops"), moto.user_key("other"));
        moto.session_key("admin");
        moto.allow("other", "sts:AssumeRole");
        moto.allow_role("admin");
        moto.check_signatures();
        let project = Project::new();
        let given = format!(
            "#!/bin/sh\n[ \"$1\" = 'a b' ] || exit 3\necho '{{\"Version\": 1, \"AccessKeyId\": \
             \"{}\", \"SecretAccessKey\": \"{}\"}}'\n",
            other.id, other.secret
        );
        let give = project.at("give");
        programs::script(&give, &given);
        project.file(".aws/credentials", profile("ops", &ops));
        let give = give.display();
        let (id, secret) = (&ops.id, &ops.secret);
        project.file(
            ".aws/config",
            format!(
                "[profile process]\ncredential_process = {give} 'a b'\n\
                 [profile role]\nrole_arn = {ROLE}\nsource_profile = ops\nexternal_id = an-id\n\
                 [profile chain]\nrole_arn = {ROLE}\nsource_profile = role\n\
                 [profile own]\nrole_arn = {ROLE}\nsource_profile = own\naws_access_key_id = {id}\n\
                 aws_secret_access_key = {secret}\n\
                 [profile instance]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n\
                 [profile container]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n\
                 [profile variables]\nrole_arn = {ROLE}\ncredential_source = Environment\n\
                 [profile a]\nrole_arn = {ROLE}\nsource_profile = b\n\
                 [profile b]\nrole_arn = {ROLE}\nsource_profile = a\n\
                 [profile half]\naws_access_key_id = {id}\n\
                 [profile empty]\nregion = eu-west-1\n\
                 [profile failing]\ncredential_process = {give}\n\
                 [profile sso]\nsso_session = x\nsso_account_id = 1\nsso_role_name = y\n\
                 [profile secret-region]\nregion = us-iso-east-1\n"
            ),
        );
        Self { moto, project, ops, other }
    }

    fn around(&self) -> Around {
        Around::new(&self.project)
    }

    /// The ARN of the acting identity, or the reason for the refusal.
    fn act(&self, request: Request, mut around: Around) -> Result<String, String> {
        opened(&self.moto.url(), request, &mut around)
            .map(|opened| opened.acting.caller.arn)
            .map_err(|failure| {
                assert_eq!(failure.status.code(), 2, "{failure}");
                failure.message
            })
    }
}

fn user(key: &Key) -> String {
    format!("arn:aws:iam::123456789012:user/{}", key.user)
}

#[test]
fn every_kind_of_profile() {
    let profiles = Profiles::new();
    for (name, arn) in [
        ("ops", user(&profiles.ops)),
        ("process", user(&profiles.other)),
        ("role", SESSION.to_owned()),
        ("chain", SESSION.to_owned()),
        ("own", SESSION.to_owned()),
    ] {
        assert_eq!(profiles.act(named(name), profiles.around()), Ok(arn), "{name}");
    }
    for (name, why) in [
        ("no-such", "there is no profile 'no-such'"),
        ("instance", "role of an instance or container"),
        ("container", "role of an instance or container"),
        ("variables", "AWS_ACCESS_KEY_ID is not set"),
        ("a", "leads back to it"),
        ("half", "no aws_secret_access_key"),
        ("empty", "it has no keys"),
        ("failing", "its credential_process ended with"),
        ("secret-region", "us-iso-east-1"),
        ("sso", "aws configure export-credentials --profile sso"),
    ] {
        let error = profiles.act(named(name), profiles.around()).expect_err(name);
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[test]
fn a_profile_that_is_named_goes_before_variables() {
    let profiles = Profiles::new();
    let (ops, other) = (&profiles.ops, &profiles.other);
    let around = || {
        let around = profiles.around().with("AWS_ACCESS_KEY_ID", &other.id);
        around.with("AWS_SECRET_ACCESS_KEY", &other.secret).with("AWS_PROFILE", "ops")
    };
    assert_eq!(profiles.act(Request::default(), around()), Ok(user(other)));
    assert_eq!(profiles.act(named("ops"), around()), Ok(user(ops)));
    assert_eq!(profiles.act(named("variables"), around()), Ok(SESSION.to_owned()));
    let around = profiles.around().with("AWS_PROFILE", "ops");
    assert_eq!(profiles.act(Request::default(), around), Ok(user(ops)));
    let around = profiles.around().with("AWS_ACCESS_KEY_ID", &other.id);
    let error = profiles.act(Request::default(), around).expect_err("half");
    assert!(error.contains("AWS_SECRET_ACCESS_KEY"), "{error}");
    // Files elsewhere.
    let project = &profiles.project;
    fs::rename(project.at(".aws/credentials"), project.at("moved")).expect("moved");
    let around = || profiles.around().with("AWS_SHARED_CREDENTIALS_FILE", "~/moved");
    assert_eq!(profiles.act(named("ops"), around()), Ok(user(ops)));
    // A key that signs itself is found in the profile that holds it.
    let itself = keysweep::aws::KeyId::parse(ops.id.as_bytes());
    assert_eq!(profiles.act(Request { itself, ..Request::default() }, around()), Ok(user(ops)));
}

#[test]
fn a_web_identity_s_token_is_sent_unsigned_and_its_session_signs() {
    let project = Project::new();
    let mut keys = Keys::new("act web");
    let (id, secret, token) = (keys.id_of("ASIA"), keys.secret(), keys.token());
    project.file("token", "a-web-identity-token\n");
    let file = project.at("token");
    let role = "arn:aws:iam::123456789012:role/admin";
    let text =
        format!("[profile web]\nrole_arn = {role}\nweb_identity_token_file = {}\n", file.display());
    project.file(".aws/config", text);
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken></Credentials></AssumeRoleWithWebIdentityResult>\
         </AssumeRoleWithWebIdentityResponse>"
    );
    let stub = Stub::start(move |request, _| match request.body.contains("WebIdentityToken=") {
        true => Act::Send(200, Vec::new(), answer.clone()),
        false => identity("aws"),
    });
    let opened = opened(&stub.url(), named("web"), &mut Around::new(&project)).expect("a session");
    assert!(opened.client.key().is_temporary() && opened.acting.key_id == id);
    let requests = stub.requests();
    assert_eq!(requests[0].header("authorization"), None);
    assert!(requests[0].body.contains("WebIdentityToken=a-web-identity-token"));
    assert_eq!(
        (requests[1].scope(0), requests[1].header("x-amz-security-token")),
        (&*id, Some(&*token))
    );
}

#[test]
fn commands_that_act_do_not_use_a_default_profile() {
    let project = Project::new();
    let mut keys = Keys::new("act default");
    let pair = keys.pair();
    let text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        pair.id, pair.secret
    );
    project.file(".aws/credentials", text);
    let stub = Stub::start(|_, _| Act::Send(200, Vec::new(), String::new()));
    let url = stub.url();
    let target = ["--iam-endpoint", &url, "--sts-endpoint", &url];
    for command in [vec!["keys"], vec!["deactivate", &pair.id], vec!["activate", &pair.id]] {
        let ran = project.keysweep([&command[..], &target].concat()).run().exits(2);
        assert!(ran.stderr.contains("which identity is to act?"), "{}", ran.stderr);
    }
    assert_eq!(stub.requests().len(), 0);
}

#[test]
fn scan_and_verify_use_no_identity_of_the_user() {
    let project = Project::new();
    let mut keys = Keys::new("act lend");
    let (found, lent) = (keys.pair(), keys.pair());
    project.file("a.env", &found.env);
    let file = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        lent.id, lent.secret
    );
    project.file(".aws/credentials", file);
    let stub = Stub::start(|_, _| Act::Send(403, Vec::new(), String::new()));
    let url = stub.url();
    let run = |arguments: &[&str], input: &str| {
        project
            .keysweep(arguments)
            .env("AWS_ACCESS_KEY_ID", &lent.id)
            .env("AWS_SECRET_ACCESS_KEY", &lent.secret)
            .env("AWS_PROFILE", "default")
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .input(input)
            .run()
    };
    run(&["scan", "a.env"], "");
    assert_eq!(stub.requests().len(), 0);
    run(&["scan", "a.env", "--verify", "--sts-endpoint", &url, "--partition", "aws"], "");
    let secret = format!("{}\n", found.secret);
    run(&["verify", &found.id, "--sts-endpoint", &url, "--partition", "aws"], &secret);
    let requests = stub.requests();
    let signers: BTreeSet<&str> = requests.iter().map(|request| request.scope(0)).collect();
    assert_eq!(signers, BTreeSet::from([found.id.as_str()]));
}

#[test]
fn what_is_printed_without_a_request() {
    let project = Project::new();
    let mut keys = Keys::new("act program");
    let (pair, session) = (keys.pair(), keys.id_of("ASIA"));
    let account = keysweep::aws::KeyId::parse(pair.id.as_bytes()).and_then(|id| id.account());
    let resource = format!("arn:aws-cn:iam::{}:user/*", account.expect("an account"));
    for command in ["deactivate", "activate"] {
        let arguments = [command, &pair.id, "--policy", "--partition", "aws-cn"];
        let policy = project.keysweep(arguments).run().exits(0).json();
        assert_eq!(policy["Statement"][0]["Resource"], resource.as_str(), "{command}");
        project.keysweep([command, "--policy"]).run().exits(0);
        let ran = project.keysweep([command, "--profile", "x"]).run().exits(2);
        assert!(ran.stderr.contains("KEY_ID"), "{}", ran.stderr);
        // Names of users, ids of sessions, examples, and a secret, which is not repeated.
        for (args, why) in [
            ("bob", "not the id of a key"),
            (session.as_str(), "the key of a session"),
            (&pair.secret, "looks like a secret access key"),
            (&["AKIA", "IOSFODNN7EXAMPLE"].concat(), "example or placeholder"),
        ] {
            let ran = project.keysweep([command, args, "--profile", "x"]).run().exits(2);
            assert!(ran.stderr.contains(why), "{}", ran.stderr);
        }
    }
    project.keysweep(["keys", "--policy"]).run().exits(0);
    for (arguments, why) in [
        (&["keys", "--as-itself"][..], "needs the id of one key"),
        (&["keys", "--max-age", "3w"], "number of days"),
        (&["keys", "--report", "none"], "none: "),
        (&["keys", "a b"], "neither the id of a key"),
        (&["keys", "--iam-endpoint", "http://iam.example.com"], "plain http"),
        (&["keys", "--partition", "moon"], "not a partition"),
        (&["deactivate", "--end-sessions", "--keep-sessions", &pair.id], "cannot be used with"),
        (&["deactivate", "--yes", "--dry-run", &pair.id], "cannot be used with"),
    ] {
        let ran = project.keysweep(arguments).run().exits(2);
        assert!(ran.stderr.contains(why), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_program_without_a_terminal_needs_yes() {
    let moto = Moto::start_strict(&[]);
    let (ops, leaked) = (moto.administrator("ops"), moto.user_key("leaked"));
    moto.check_signatures();
    let project = Project::new();
    project.file(".aws/credentials", profile("ops", &ops));
    let url = moto.url();
    let run = |arguments: &[&str]| {
        let at = ["--profile", "ops", "--iam-endpoint", &url, "--sts-endpoint", &url];
        let ran = project.keysweep([arguments, &at].concat()).run();
        assert!(!ran.stdout.contains(&ops.secret) && !ran.stderr.contains(&ops.secret));
        ran
    };
    let ran = run(&["activate", &leaked.id]).exits(0);
    assert!(ran.stdout.contains("It is already active."), "{}", ran.stdout);
    let ran = run(&["deactivate", &leaked.id]).exits(2);
    assert!(ran.stderr.contains("nobody can be asked") && ran.stderr.contains("--yes"));
    run(&["deactivate", &leaked.id, "--dry-run"]).exits(1);
    let ran = run(&["keys", "leaked", "--format", "json"]).exits(0);
    assert_eq!(ran.json()["keys"][0]["status"], "Active");
    assert!(ran.stderr.starts_with("Acting as arn:aws:iam::123456789012:user/ops (profile ops)."));
    // A real wait of ten seconds.
    let ran = run(&["deactivate", &leaked.id, "--yes"]).exits(0);
    assert!(ran.stdout.contains("No change of the user's access"), "{}", ran.stdout);
    let ran = run(&["keys", &leaked.id, "--format", "csv"]).exits(0);
    assert!(ran.stdout.contains(",leaked,Inactive,"), "{}", ran.stdout);
    run(&["activate", &leaked.id, "--yes"]).exits(0);
}

#[test]
fn the_partition_follows_the_region_unless_it_is_named() {
    for (region, partition) in [
        ("eu-west-1", Some(Partition::Aws)),
        ("us-gov-east-1", Some(Partition::UsGov)),
        ("cn-northwest-1", Some(Partition::Cn)),
        ("eusc-de-east-1", Some(Partition::Eusc)),
        ("us-isob-east-1", None),
    ] {
        assert_eq!(Partition::of_region(region), partition, "{region}");
    }
    let stub = Stub::start(|_, _| Act::Send(403, Vec::new(), String::new()));
    let project = Project::new();
    let pair = Keys::new("act partition").pair();
    let key = Key { user: String::new(), id: pair.id, secret: pair.secret, token: None };
    project.file(".aws/config", format!("{}region = cn-north-1\n", profile("profile x", &key)));
    for partition in [None, Some(Partition::UsGov)] {
        let request = Request { partition, ..named("x") };
        let _ = opened(&stub.url(), request, &mut Around::new(&project));
    }
    let requests = stub.requests();
    let regions: Vec<&str> = requests.iter().map(|request| request.scope(2)).collect();
    assert_eq!(regions, ["cn-north-1", "us-gov-west-1"]);
}
