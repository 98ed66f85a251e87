//! `keys`, `deactivate` and `activate` against a real server that checks signatures, as sessions.

use keysweep::act::policy::{Verb, policy};
use keysweep::act::{Context, Failure};
use keysweep::aws::KeyId;
use keysweep::command::activate::activate;
use keysweep::command::deactivate::{Sessions, deactivate};
use keysweep::command::keys::{self, Format, KeysOptions, Progress};
use keysweep::run::Status;

use crate::support::act::{Around, Played, Session, named, opened, profile};
use crate::support::moto::{Key, Moto};
use crate::support::{Keys, Project};

fn id(key: &Key) -> KeyId {
    KeyId::parse(key.id.as_bytes()).expect("an id")
}

fn list(options: &KeysOptions) -> impl FnOnce(&mut Context<'_>) -> Result<Status, Failure> + '_ {
    move |context| {
        context.announce()?;
        keys::keys(context, options, &Progress::default()).map(|listed| listed.status)
    }
}

fn status_of(moto: &Moto, key: &Key) -> String {
    let answer = moto.meanwhile(&format!("Action=ListAccessKeys&UserName={}", key.user));
    let member = answer.split("<member>").find(|one| one.contains(&key.id)).unwrap_or("gone");
    let status = member.split("<Status>").nth(1).and_then(|rest| rest.split('<').next());
    status.unwrap_or("gone").to_owned()
}

#[test]
fn keys_of_an_account_the_worst_first() {
    let moto = Moto::start_strict(&[]);
    let ops = moto.administrator("ops");
    let [leaked, second, old] =
        ["shop-deploy", "shop-deploy", "a.name+of=all,kinds@x_y-z"].map(|user| moto.user_key(user));
    moto.iam(&format!(
        "Action=UpdateAccessKey&UserName=shop-deploy&AccessKeyId={}&Status=Inactive",
        second.id
    ));
    moto.check_signatures();
    let text = format!(
        r#"{{"tool": {{"name": "keysweep"}}, "findings": [{{"fingerprint": "0", "key_id": "{}",
        "occurrences": [{{"path": "a.env", "line": 3}}, {{"path": "b.env", "line": 1}}]}}]}}"#,
        leaked.id
    );
    let places = keysweep::act::places::Places::read(text.as_bytes()).expect("a report");
    let report = Some(("report.json".to_owned(), places));
    let names = [
        (leaked.id.as_str(), "LEAKEDKEYIDLEAKEDKEY"),
        (&second.id, "SECONDKEYIDSECONDKEY"),
        (&old.id, "OLDKEYIDOLDKEYIDOLDK"),
        (&ops.id, "OPSKEYIDOPSKEYIDOPSK"),
    ];
    let options = KeysOptions { report: report.clone(), ..KeysOptions::default() };
    let played = Session::default().play(&moto.url(), &ops, list(&options));
    insta::assert_snapshot!("keys_today", named(&played.text, &names));
    let played =
        Session { days: 100, ..Session::default() }.play(&moto.url(), &ops, list(&options));
    insta::assert_snapshot!("keys_after_100_days", named(&played.text, &names));

    for format in [Format::Json, Format::Csv] {
        let options = KeysOptions { report: report.clone(), format, ..KeysOptions::default() };
        let work = |context: &mut Context<'_>| {
            keys::keys(context, &options, &Progress::default()).map(|listed| listed.status)
        };
        let played = Session::default().play(&moto.url(), &ops, work);
        let text = played.text.trim_end_matches("(exit 1)\n");
        insta::assert_snapshot!(format!("keys_as_{format:?}"), named(text, &names));
    }

    let subjects = [old.id.as_str(), "shop-deploy"].map(|one| keys::subject(one).expect("one"));
    let options = KeysOptions { subjects: subjects.into(), ..KeysOptions::default() };
    let played = Session::default().play(&moto.url(), &ops, list(&options));
    assert!(played.text.contains("3 keys of 2 users, 0 due."), "{}", played.text);
    assert_eq!(played.status, Status::Clean);
}

#[test]
fn a_leaked_key_is_ended_while_somebody_uses_it() {
    let moto = Moto::start_strict(&[]);
    let (ops, leaked) = (moto.administrator("ops"), moto.user_key("shop-deploy"));
    moto.check_signatures();
    let end = |context: &mut Context<'_>| deactivate(context, id(&leaked), Sessions::Ask);
    let names = [(leaked.id.as_str(), "LEAKEDKEY")];

    // Whoever says no has changed nothing; nor has a dry run.
    let session = Session { answers: &["n"], ..Session::default() };
    let played = session.play(&moto.url(), &ops, end);
    insta::assert_snapshot!("deactivate_no", named(&played.text, &names));
    let session = Session { dry_run: true, ..Session::default() };
    let played = session.play(&moto.url(), &ops, end);
    insta::assert_snapshot!("deactivate_dry_run", named(&played.text, &names));
    assert_eq!(status_of(&moto, &leaked), "Active");

    let url = moto.url();
    let attack = {
        let url = url.clone();
        move || {
            let attacker = Moto::at(&url);
            for body in [
                "Action=CreateAccessKey&UserName=shop-deploy",
                "Action=CreateUser&UserName=support-team",
                "Action=CreateLoginProfile&UserName=shop-deploy&Password=x1X!x1X!x1X!x1X!",
                "Action=CreateRole&RoleName=way-in&AssumeRolePolicyDocument=%7B%7D",
            ] {
                attacker.meanwhile(body);
            }
            attacker.trust();
            attacker.allow("shop-deploy", "iam:*");
            attacker.check_signatures();
        }
    };
    let answers = &["y", "y"];
    let session = Session { answers, meanwhile: Some(Box::new(attack)), ..Session::default() };
    let played = session.play(&url, &ops, end);
    let other = regex::Regex::new("new: access key [A-Z0-9]{20}").expect("a pattern");
    let text = other.replace(&played.text, "new: access key THEIRKEY").into_owned();
    insta::assert_snapshot!("deactivate_under_attack", named(&text, &names));
    assert_eq!(status_of(&moto, &leaked), "Inactive");
    let policies = moto.meanwhile("Action=ListUserPolicies&UserName=shop-deploy");
    assert!(policies.contains("DenyOlderSessions"), "{policies}");

    // Run again it offers what is left.
    let session = Session { answers: &["n"], ..Session::default() };
    let played = session.play(&url, &ops, end);
    assert!(played.text.contains("It is already inactive.") && played.text.contains("No change"));
    assert_eq!(played.status, Status::Findings, "{}", played.text);

    let back = |context: &mut Context<'_>| activate(context, id(&leaked));
    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play(&url, &ops, back);
    let text = regex::Regex::new("AKIA[A-Z0-9]{16}").expect("a pattern");
    let text = text.replace_all(&named(&played.text, &names), "THEIRKEY").into_owned();
    insta::assert_snapshot!("activate", text);
    assert_eq!(status_of(&moto, &leaked), "Active");
    let played = Session::default().play(&url, &ops, back);
    assert!(played.text.contains("already active") && played.status == Status::Clean);
}

#[test]
fn by_a_role_by_the_key_itself_and_by_somebody_who_may_not() {
    let moto = Moto::start_strict(&[]);
    let url = moto.url();
    moto.iam("Action=CreateUser&UserName=with-path&Path=/team/a/");
    let leaked = moto.user_key("with-path");
    let own = moto.user_key("own");
    moto.allow("own", "iam:UpdateAccessKey,iam:ListAccessKeys,iam:GetAccessKeyLastUsed");
    let nobody = moto.user_key("nobody");
    let role = moto.session_key("admin");
    moto.allow_role("admin");
    moto.check_signatures();
    let end =
        |key: KeyId| move |context: &mut Context<'_>| deactivate(context, key, Sessions::Keep);

    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play(&url, &role, end(id(&leaked)));
    assert_eq!(played.status, Status::Clean, "{}", played.text);
    insta::assert_snapshot!(
        "deactivate_by_a_role",
        named(&played.text, &[(&leaked.id, "LEAKEDKEY")])
    );
    assert_eq!(status_of(&moto, &leaked), "Inactive");

    // It sees little of itself, which is not the same as that there is nothing.
    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play(&url, &own, end(id(&own)));
    insta::assert_snapshot!("deactivate_by_itself", named(&played.text, &[(&own.id, "OWNKEY")]));
    assert_eq!(status_of(&moto, &own), "Inactive");
    let played = Session::default().play(&url, &own, |context| activate(context, id(&own)));
    assert_eq!(played.status, Status::Usage, "{}", played.text);
    assert!(played.text.contains("deleted, inactive or expired"), "{}", played.text);

    let played = Session::default().play(&url, &nobody, end(id(&leaked)));
    assert_eq!(played.status, Status::Usage, "{}", played.text);
    assert!(played.text.contains("GetAccessKeyLastUsed"), "{}", played.text);
}

#[test]
fn what_is_refused_before_anything_is_asked_of_iam() {
    let moto = Moto::start_strict(&[]);
    let ops = moto.administrator("ops");
    let deleted = moto.user_key("deleted");
    moto.delete(&deleted);
    moto.check_signatures();
    let foreign = KeyId::parse(Keys::new("act foreign").id().as_bytes()).expect("an id");
    let before = moto.requests();
    let work = |context: &mut Context<'_>| deactivate(context, foreign, Sessions::Ask);
    let played = Session::default().play(&moto.url(), &ops, work);
    // One request: who acts.
    assert_eq!(moto.requests() - before, 1);
    assert_eq!(played.status, Status::Usage, "{}", played.text);
    let account = foreign.account().expect("an account");
    let names = [(foreign.as_str(), "FOREIGNKEY"), (account.as_str(), "OTHERACCOUNT")];
    insta::assert_snapshot!("deactivate_other_account", named(&played.text, &names));
    let work = |context: &mut Context<'_>| deactivate(context, id(&deleted), Sessions::Ask);
    let played: Played = Session::default().play(&moto.url(), &ops, work);
    assert_eq!(played.status, Status::Usage, "{}", played.text);
    assert!(played.text.contains("no such key"), "{}", played.text);
}

#[test]
fn a_user_in_quarantine_is_known() {
    let moto = Moto::start_strict(&[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")]);
    let (ops, leaked) = (moto.administrator("ops"), moto.administrator("caught"));
    moto.iam(
        "Action=AttachUserPolicy&UserName=caught&PolicyArn=arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
    );
    moto.check_signatures();
    // The user can't end its own key, and it is said why.
    let end = |context: &mut Context<'_>| deactivate(context, id(&leaked), Sessions::Keep);
    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play(&moto.url(), &leaked, end);
    assert!(played.text.contains("AWS attached AWSCompromisedKeyQuarantineV3"), "{}", played.text);
    assert_eq!(played.status, Status::Usage, "{}", played.text);
    assert_eq!(status_of(&moto, &leaked), "Active");
    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play(&moto.url(), &ops, end);
    assert_eq!(played.status, Status::Clean, "{}", played.text);
    assert_eq!(status_of(&moto, &leaked), "Inactive");
}

#[test]
fn the_printed_policies_are_policies_and_enough() {
    let moto = Moto::start_strict(&[]);
    let leaked = moto.user_key("leaked");
    let mut actors = Vec::new();
    for verb in [Verb::Keys, Verb::Deactivate, Verb::Activate] {
        let actor = moto.user_key(&format!("{verb:?}"));
        // moto matches no Resource but *.
        let mut text = policy(verb, Some(id(&leaked)), "aws");
        assert_eq!(text["Statement"][0]["Resource"], "arn:aws:iam::123456789012:user/*");
        text["Statement"][0]["Resource"] = "*".into();
        let text: String = text.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        let user = &actor.user;
        let put = moto.iam(&format!(
            "Action=PutUserPolicy&UserName={user}&PolicyName=least&PolicyDocument={text}"
        ));
        assert!(put.contains("200 OK"), "{put}");
        actors.push(actor);
    }
    moto.check_signatures();
    let options = KeysOptions::default();
    let played = Session::default().play(&moto.url(), &actors[0], list(&options));
    assert_eq!(played.status, Status::Clean, "{}", played.text);
    let session = Session { answers: &["y", "y"], ..Session::default() };
    let work = |context: &mut Context<'_>| deactivate(context, id(&leaked), Sessions::Ask);
    let played = session.play(&moto.url(), &actors[1], work);
    assert_eq!(played.status, Status::Clean, "{}", played.text);
    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play(&moto.url(), &actors[2], |context| activate(context, id(&leaked)));
    assert_eq!(played.status, Status::Clean, "{}", played.text);
}

#[test]
fn a_session_with_a_code_and_one_without() {
    let moto = Moto::start_strict(&[]);
    let ops = moto.administrator("ops");
    let project = Project::new();
    project.file(".aws/credentials", profile("ops", &ops));
    let request = |mfa| keysweep::act::open::Request {
        profile: Some("ops".to_owned()),
        mfa,
        ..keysweep::act::open::Request::default()
    };
    // moto gives the same constant session to everybody, and knows it only while it checks nothing.
    let serial = "arn:aws:iam::123456789012:mfa/ops".to_owned();
    let mut around = Around::new(&project);
    let refused = opened(&moto.url(), request(Some(Some(serial.clone()))), &mut around);
    assert!(refused.expect_err("nobody to ask").message.contains("nobody can be asked"));
    let mut around = Around { code: Some("123456".to_owned()), ..Around::new(&project) };
    let opened = opened(&moto.url(), request(Some(Some(serial))), &mut around).expect("a session");
    assert!(opened.acting.source.ends_with("with a code of arn:aws:iam::123456789012:mfa/ops"));
    assert!(opened.client.key().is_temporary());
}
