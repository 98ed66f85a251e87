"""Reads credentials files as the AWS CLI does: a JSON list of files in base64 on standard input, and a JSON list
of their sections, or of null where botocore refuses the file, on standard output."""
import base64
import json
import os
import sys
import tempfile

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError


def read(text, path):
    with open(path, "wb") as file:
        file.write(base64.b64decode(text))
    try:
        return raw_config_parse(path)
    except ConfigParseError:
        return None


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "credentials")
    json.dump([read(text, path) for text in json.load(sys.stdin)], sys.stdout)
