//! The operations of [`Iam`]: their parameters, and the fields of the answers that are kept.

use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::client::{Ask, Client, Outcome, lost, not_ours};
use super::{
    AccessKey, Attached, Caller, CreatedKey, Iam, KeyStatus, KeyUse, LastUsed, Named, NewStatus,
    Tag,
};
use crate::query::{Kind, SigningKey};
use crate::xml::{Answer, Row, TEXT};
use crate::{Error, Result, Secret};

fn date(row: &Row, name: &str) -> Option<Timestamp> {
    row.get(name)?.parse().ok()
}

fn named(row: &Row, name: &str, id: &str) -> Option<Named> {
    Some(Named {
        name: row.text(name)?,
        id: row.text(id)?,
        arn: row.text("Arn")?,
        created: date(row, "CreateDate"),
    })
}

fn access_key(row: &Row, user: &str) -> Option<AccessKey> {
    Some(AccessKey {
        id: row.text("AccessKeyId")?,
        user: row.text("UserName").unwrap_or_else(|| user.to_owned()),
        status: KeyStatus::parse(row.get("Status")?),
        created: date(row, "CreateDate"),
    })
}

fn caller_of(answer: &Answer) -> Option<Caller> {
    let row = answer.rows.first().unwrap_or(&answer.fields);
    Some(Caller {
        arn: row.text("Arn").filter(|arn| arn.starts_with("arn:"))?,
        account: row.text("Account")?,
        user_id: row.text("UserId")?,
    })
}

const USER: &[&str] = &["UserName", "UserId", "Arn", "CreateDate"];
const KEY: &[&str] = &["UserName", "AccessKeyId", "Status", "CreateDate", "SecretAccessKey"];
const CALLER: &[&str] = &["Arn", "Account", "UserId"];

impl Iam for Client {
    fn caller(&self) -> Result<Caller> {
        let ask = Ask::sts("GetCallerIdentity", &[]).fields(CALLER);
        caller_of(&self.read(ask)?).ok_or_else(|| not_ours(ask.operation))
    }

    fn caller_with(&self, key: &str, secret: &Secret) -> Result<Caller> {
        let ask = Ask::sts("GetCallerIdentity", &[]).fields(CALLER);
        let key = SigningKey::new(key, secret, None);
        match self.once(ask, Some(&key), Kind::Read) {
            Outcome::Done(answer) => caller_of(&answer).ok_or_else(|| not_ours(ask.operation)),
            Outcome::Failed(error)
            | Outcome::Later(error)
            | Outcome::Clock(_, error)
            | Outcome::Silence(error) => Err(error),
        }
    }

    fn account_of_key(&self, key: &str) -> Result<String> {
        let parameters = [("AccessKeyId", key)];
        let ask = Ask::sts("GetAccessKeyInfo", &parameters).fields(&["Account"]);
        self.read(ask)?.fields.text("Account").ok_or_else(|| not_ours(ask.operation))
    }

    fn key_use(&self, key: &str) -> Result<KeyUse> {
        let parameters = [("AccessKeyId", key)];
        let ask = Ask::iam("GetAccessKeyLastUsed", &parameters)
            .record("AccessKeyLastUsed", &["UserName", "LastUsedDate", "ServiceName", "Region"]);
        let answer = self.read(ask)?;
        let used = answer.rows.first().ok_or_else(|| not_ours(ask.operation))?;
        let known = |name| used.text(name).filter(|text| text != "N/A");
        Ok(KeyUse {
            user: answer.fields.text("UserName"),
            last_used: LastUsed {
                at: date(used, "LastUsedDate"),
                service: known("ServiceName"),
                region: known("Region"),
            },
        })
    }

    fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListAccessKeys", &parameters).list("AccessKeyMetadata", KEY);
        self.all(ask, |row| access_key(row, user))
    }

    fn create_access_key(&self, user: &str) -> Result<CreatedKey> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("CreateAccessKey", &parameters).record("AccessKey", KEY);
        let answer = self.change(ask)?;
        let created = answer.rows.first().and_then(|row| {
            let secret = Secret::new(row.get("SecretAccessKey")?.as_bytes().to_vec());
            Some(CreatedKey {
                key: access_key(row, user)?,
                secret,
                request_id: answer.request_id.clone(),
            })
        });
        created.ok_or_else(|| {
            lost(Kind::Change, ask.operation, true, "the answer does not hold the key")
        })
    }

    fn update_access_key(
        &self,
        user: &str,
        key: &str,
        status: NewStatus,
    ) -> Result<Option<String>> {
        let parameters = [("UserName", user), ("AccessKeyId", key), ("Status", status.as_str())];
        Ok(self.change(Ask::iam("UpdateAccessKey", &parameters))?.request_id)
    }

    fn delete_access_key(&self, user: &str, key: &str) -> Result<Option<String>> {
        let parameters = [("UserName", user), ("AccessKeyId", key)];
        Ok(self.change(Ask::iam("DeleteAccessKey", &parameters))?.request_id)
    }

    fn user(&self, user: &str) -> Result<Named> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("GetUser", &parameters).record("User", USER);
        let answer = self.read(ask)?;
        let found = answer.rows.first().and_then(|row| named(row, "UserName", "UserId"));
        found.ok_or_else(|| not_ours(ask.operation))
    }

    fn users(&self, page: &mut dyn FnMut(Vec<Named>) -> bool) -> Result<()> {
        let ask = Ask::iam("ListUsers", &[]).list("Users", USER);
        self.pages(ask, &mut |rows| {
            let read = |row: &Row| named(row, "UserName", "UserId");
            let users: Option<Vec<Named>> = rows.iter().map(read).collect();
            Ok(page(users.ok_or_else(|| not_ours(ask.operation))?))
        })
    }

    fn roles(&self) -> Result<Vec<Named>> {
        let ask = Ask::iam("ListRoles", &[]);
        let ask = ask.list("Roles", &["RoleName", "RoleId", "Arn", "CreateDate"]);
        self.all(ask, |row| named(row, "RoleName", "RoleId"))
    }

    fn user_tags(&self, user: &str) -> Result<Vec<Tag>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListUserTags", &parameters).list("Tags", &["Key", "Value"]);
        self.all(ask, |row| {
            Some(Tag { key: row.text("Key")?, value: row.text("Value").unwrap_or_default() })
        })
    }

    fn tag_user(&self, user: &str, tag: &Tag) -> Result<()> {
        let parameters = [
            ("UserName", user),
            ("Tags.member.1.Key", tag.key.as_str()),
            ("Tags.member.1.Value", tag.value.as_str()),
        ];
        self.change(Ask::iam("TagUser", &parameters)).map(drop)
    }

    fn untag_user(&self, user: &str, key: &str) -> Result<()> {
        let parameters = [("UserName", user), ("TagKeys.member.1", key)];
        self.change(Ask::iam("UntagUser", &parameters)).map(drop)
    }

    fn inline_policies(&self, user: &str) -> Result<Vec<String>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListUserPolicies", &parameters).list("PolicyNames", &[]);
        self.all(ask, |row| row.text(TEXT))
    }

    fn attached_policies(&self, user: &str) -> Result<Vec<Attached>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListAttachedUserPolicies", &parameters);
        let ask = ask.list("AttachedPolicies", &["PolicyName", "PolicyArn"]);
        self.all(ask, |row| {
            Some(Attached { name: row.text("PolicyName")?, arn: row.text("PolicyArn")? })
        })
    }

    fn put_user_policy(&self, user: &str, name: &str, document: &str) -> Result<()> {
        let parameters = [("UserName", user), ("PolicyName", name), ("PolicyDocument", document)];
        self.change(Ask::iam("PutUserPolicy", &parameters)).map(drop)
    }

    fn groups(&self, user: &str) -> Result<Vec<String>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListGroupsForUser", &parameters).list("Groups", &["GroupName"]);
        self.all(ask, |row| row.text("GroupName"))
    }

    fn login_profile(&self, user: &str) -> Result<Option<Option<Timestamp>>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("GetLoginProfile", &parameters);
        match self.read(ask.record("LoginProfile", &["UserName", "CreateDate"])) {
            Ok(answer) => Ok(Some(answer.rows.first().and_then(|row| date(row, "CreateDate")))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn mfa_devices(&self, user: &str) -> Result<Vec<String>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListMFADevices", &parameters).list("MFADevices", &["SerialNumber"]);
        self.all(ask, |row| row.text("SerialNumber"))
    }

    fn service_credentials(&self, user: &str) -> Result<Vec<(String, String)>> {
        let parameters = [("UserName", user)];
        let ask = Ask::iam("ListServiceSpecificCredentials", &parameters);
        let leaves = &["ServiceSpecificCredentialId", "ServiceName"];
        self.all(ask.list("ServiceSpecificCredentials", leaves), |row| {
            Some((row.text("ServiceSpecificCredentialId")?, row.text("ServiceName")?))
        })
    }

    fn root_access_keys(&self) -> Result<u64> {
        let ask = Ask::iam("GetAccountSummary", &[]).list("SummaryMap", &["key", "value"]);
        let answer = self.read(ask)?;
        let found =
            answer.rows.iter().find(|row| row.get("key") == Some("AccountAccessKeysPresent"));
        let number = found.and_then(|row| row.get("value")?.parse().ok());
        number.ok_or_else(|| not_ours(ask.operation))
    }

    fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}
