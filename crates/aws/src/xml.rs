//! Parses the XML of the AWS Query protocol: a record, a list or an error.
//!
//! Anything without AWS's own envelope is not an answer, whatever its status.

use std::fmt;

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use zeroize::Zeroizing;

/// The named texts of one element. They are wiped when dropped, as one may be the secret of a new
/// key.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Row(Vec<(String, Zeroizing<String>)>);

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Row {
    /// The text of a field, if it is present and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    /// Like [`Row::get`], but owned.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// An answer that is not an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Texts of the result itself.
    pub(crate) fields: Row,
    /// The entries of its list, or its single inner element.
    pub(crate) rows: Vec<Row>,
    /// The request id of AWS.
    pub(crate) request_id: Option<String>,
}

/// The name for the text of a list entry without fields.
pub(crate) const TEXT: &str = "";

/// The form of the element inside a result.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inner {
    /// There is none.
    None,
    /// One element of this name.
    Record(&'static str),
    /// A list of this name.
    List(&'static str),
}

/// Parses an answer to `operation`; `leaves` are the names of the texts that are kept. `None` if it
/// is not an answer to `operation`.
pub(crate) fn read(body: &[u8], operation: &str, inner: Inner, leaves: &[&str]) -> Option<Answer> {
    let text = whole(body, &format!("</{operation}Response>"))?;
    let mut document = Document::new(text);
    let mut root = document.root_element().ok()?;
    if root.start_el().local() != format!("{operation}Response") {
        return None;
    }
    let mut answer = Answer::default();
    let result = format!("{operation}Result");
    while let Some(mut part) = root.next_tag() {
        if part.start_el().local() == "ResponseMetadata" {
            answer.request_id = row(&mut part, &["RequestId"])?.text("RequestId");
        } else if part.start_el().local() == result {
            read_result(&mut part, inner, leaves, &mut answer)?;
        }
    }
    Some(answer)
}

fn read_result(
    result: &mut ScopedDecoder<'_, '_>,
    inner: Inner,
    leaves: &[&str],
    answer: &mut Answer,
) -> Option<()> {
    while let Some(mut part) = result.next_tag() {
        let name = part.start_el().local().to_owned();
        match inner {
            Inner::Record(record) if name == record => answer.rows.push(row(&mut part, leaves)?),
            Inner::List(list) if name == list => {
                while let Some(mut entry) = part.next_tag() {
                    answer.rows.push(match leaves {
                        [] => Row(vec![(TEXT.to_owned(), trimmed(&mut entry)?)]),
                        leaves => row(&mut entry, leaves)?,
                    });
                }
            }
            _ if leaves.contains(&name.as_str()) || PAGING.contains(&name.as_str()) => {
                let text = trimmed(&mut part)?;
                answer.fields.0.push((name, text));
            }
            _ => {}
        }
    }
    Some(())
}

/// The fields that any list may contain for paging.
const PAGING: [&str; 2] = ["IsTruncated", "Marker"];

fn row(element: &mut ScopedDecoder<'_, '_>, leaves: &[&str]) -> Option<Row> {
    let mut fields = Vec::new();
    while let Some(mut field) = element.next_tag() {
        let name = field.start_el().local().to_owned();
        if leaves.contains(&name.as_str()) {
            let text = trimmed(&mut field)?;
            fields.push((name, text));
        }
    }
    Some(Row(fields))
}

fn trimmed(element: &mut ScopedDecoder<'_, '_>) -> Option<Zeroizing<String>> {
    try_data(element).ok().map(|text| Zeroizing::new(text.trim().to_owned()))
}

/// The text, if it ends like a whole document.
fn whole<'a>(body: &'a [u8], end: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?.trim();
    text.ends_with(end).then_some(text)
}

/// An error of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// The error of a whole `<ErrorResponse>` document, as written by AWS, or wrapped in `<Errors>` as
/// by some compatible servers.
pub(crate) fn error(body: &[u8]) -> Option<ErrorAnswer> {
    let mut document = Document::new(whole(body, "</ErrorResponse>")?);
    let mut root = document.root_element().ok()?;
    if !root.start_el().matches("ErrorResponse") {
        return None;
    }
    while let Some(mut tag) = root.next_tag() {
        match tag.start_el().local() {
            "Error" => return error_fields(&mut tag),
            "Errors" => {
                let mut error = tag.next_tag()?;
                return error.start_el().matches("Error").then(|| error_fields(&mut error))?;
            }
            _ => {}
        }
    }
    None
}

fn error_fields(error: &mut ScopedDecoder<'_, '_>) -> Option<ErrorAnswer> {
    let fields = row(error, &["Code", "Message"])?;
    // The code is shown to people, so it must be a word; anything else is not from AWS.
    let code = fields.text("Code").filter(|code| {
        code.len() <= 64
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':'))
    })?;
    Some(ErrorAnswer { code, message: fields.text("Message").unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = r#"<ListAccessKeysResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <ListAccessKeysResult><UserName>Bob</UserName><AccessKeyMetadata>
        <member><UserName>Bob &amp; co</UserName><AccessKeyId>A</AccessKeyId><Status>Active</Status></member>
        <member><AccessKeyId>B</AccessKeyId><Inner><AccessKeyId>C</AccessKeyId></Inner></member>
      </AccessKeyMetadata><IsTruncated>true</IsTruncated><Marker>m+/=</Marker></ListAccessKeysResult>
      <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListAccessKeysResponse>"#;

    fn keys(text: &str) -> Option<Answer> {
        let leaves = ["UserName", "AccessKeyId", "Status"];
        read(text.as_bytes(), "ListAccessKeys", Inner::List("AccessKeyMetadata"), &leaves)
    }

    #[test]
    fn a_page_of_a_list() {
        let answer = keys(KEYS).expect("an answer");
        assert_eq!(answer.rows.len(), 2);
        assert_eq!(answer.rows[0].get("UserName"), Some("Bob & co"));
        assert_eq!(answer.rows[1].get("AccessKeyId"), Some("B"));
        assert_eq!(answer.fields.get("Marker"), Some("m+/="));
        assert_eq!(answer.request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn a_cut_answer_is_not_an_answer() {
        for end in 0..KEYS.len() {
            assert_eq!(keys(&KEYS[..end]), None, "{end}");
        }
        assert_eq!(keys(&KEYS.replace("ListAccessKeysRes", "ListUsersRes")), None);
        assert_eq!(keys("<html></ListAccessKeysResponse>"), None);
    }

    #[test]
    fn errors_in_both_envelopes() {
        let aws = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The \
                   user &lt;x&gt;</Message></Error><RequestId>1</RequestId></ErrorResponse>";
        let moto =
            aws.replace("<Error>", "<Errors><Error>").replace("</Error>", "</Error></Errors>");
        for text in [aws, &moto] {
            let error = error(text.as_bytes()).expect("an error");
            assert_eq!(
                (error.code.as_str(), error.message.as_str()),
                ("NoSuchEntity", "The user <x>")
            );
        }
        assert_eq!(error(aws.replace("NoSuchEntity", "<b>x</b>").as_bytes()), None);
        assert_eq!(error(b"<html>403</html>"), None);
    }
}
