"""moto's server with additions that tests of acting need.

Loopback only; the arguments are those of moto_server. In it, as in AWS:
- a key that is not active is refused with InvalidClientTokenId;
- UpdateAccessKey takes the status Active or Inactive and no other;
- an action on keys without a user name is about the user whose key signs, and refused for any
  other signer. moto takes the key's owner instead, which would hide a forgotten user name;
- ListServiceSpecificCredentials is known; nobody has any.
"""

import sys

from moto.core.exceptions import ServiceException
from moto.iam import access_control, models, responses
from moto.server import main

plain_init = access_control.IAMUserAccessKey.__init__


def init(self, account_id, partition, access_key_id, headers):
    plain_init(self, account_id, partition, access_key_id, headers)
    for user in self.backend.users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status != "Active":
                raise access_control.CreateAccessKeyFailure(reason="InvalidId")


access_control.IAMUserAccessKey.__init__ = init


def signer(response):
    key = response.get_access_key()
    try:
        return response.backend.get_access_key_last_used(key)["user_name"]
    except ServiceException:
        raise models.ValidationError(
            "Must specify userName when calling with non-User credentials"
        ) from None


def strict(name):
    plain = getattr(responses.IamResponse, name)

    def call(self):
        if not self._get_param("UserName"):
            user = signer(self)
            self.querystring["UserName"] = [user]
            self.params = dict(getattr(self, "params", {}) or {}, UserName=user)
        if name == "update_access_key" and self._get_param("Status") not in ("Active", "Inactive"):
            raise models.ValidationError(
                "1 validation error detected: Value at 'status' failed to satisfy constraint: "
                "Member must satisfy enum value set: [Active, Inactive]"
            )
        return plain(self)

    return call


for name in ("create_access_key", "delete_access_key", "list_access_keys", "update_access_key"):
    setattr(responses.IamResponse, name, strict(name))



def list_service_specific_credentials(self):
    self.backend.get_user(self._get_param("UserName"))
    return (
        "<ListServiceSpecificCredentialsResponse><ListServiceSpecificCredentialsResult>"
        "<ServiceSpecificCredentials/></ListServiceSpecificCredentialsResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</ListServiceSpecificCredentialsResponse>"
    )


responses.IamResponse.list_service_specific_credentials = list_service_specific_credentials

if __name__ == "__main__":
    main(sys.argv[1:])
