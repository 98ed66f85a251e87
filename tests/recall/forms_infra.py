"""Infrastructure as code, CI, containers, databases, output of the AWS command line."""
import json
from kit import T, form

T("provider.tf", "Terraform provider", """
    provider "aws" {
      region     = "us-east-1"
      access_key = "«id»"
      secret_key = "«sec»"
    }
    """)
T("variables.tf", "Terraform variable defaults", """
    variable "aws_access_key" {
      description = "access key of the deploy user"
      type        = string
      default     = "«id»"
    }

    variable "aws_secret_key" {
      description = "secret key of the deploy user"
      type        = string
      sensitive   = true
      default     = "«sec»"
    }
    """)
T("backend.tf", "Terraform s3 backend, secret first", """
    terraform {
      backend "s3" {
        secret_key = "«sec»"
        bucket     = "state"
        key        = "prod/terraform.tfstate"
        access_key = "«id»"
      }
    }
    """)
T("terraform.tfvars", "tfvars", 'aws_access_key = "«id»"\naws_secret_key = "«sec»"\nami_id = "ami-«hex_17»"\n')
T("terraform.tfvars.json", "tfvars in JSON", '{"access_key": "«id»", "instance_count": 3, "secret_key": "«sec»"}\n')


@form("terraform.tfstate", "Terraform state with aws_iam_access_key")
def tfstate(c):
    p = c.pair("AKIA")
    return json.dumps({
        "version": 4, "terraform_version": "1.5.7", "serial": 12, "lineage": c.uuid(), "outputs": {},
        "resources": [{"mode": "managed", "type": "aws_iam_access_key", "name": "ci",
                       "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
                       "instances": [{"schema_version": 0, "attributes": {
                           "create_date": "2024-02-01T10:00:00Z", "encrypted_secret": None, "id": p.id, "key_fingerprint": None, "pgp_key": None,
                           "secret": p.sec, "ses_smtp_password_v4": "B" + c.rng.choice("ABCDEFGHIJKLMNOP") + c.b64(42), "status": "Active", "user": "ci"},
                           "private": c.b64(52)}]}]}, indent=2)


@form("state_outputs.tfstate", "Terraform state, outputs sorted by name")
def tfoutputs(c):
    p = c.pair("AKIA")
    return json.dumps({"version": 4, "outputs": {
        "access_key_id": {"value": p.id, "type": "string"},
        "image_digest": {"value": "sha256:" + c.hex(64), "type": "string"},
        "secret_access_key": {"value": p.sec, "type": "string", "sensitive": True}}, "resources": []}, indent=2)


T("plan.txt", "terraform plan output", """
    Terraform will perform the following actions:

      # aws_lambda_function.api will be updated in-place
      ~ resource "aws_lambda_function" "api" {
            id               = "api"
          ~ source_code_hash = "«b64_43»=" -> "«b64_43»="
          ~ environment {
              ~ variables = {
                  + "S3_ACCESS_KEY" = "«id»"
                  + "S3_SECRET_KEY" = "«sec»"
                    "STAGE"         = "prod"
                }
            }
        }

    Plan: 0 to add, 1 to change, 0 to destroy.
    """)
T("output.txt", "terraform output", 'access_key_id = "«id»"\nbucket = "assets-«hex_8»"\nsecret_access_key = "«sec»"\n')
T("stack.yaml", "CloudFormation parameters with defaults", """
    Parameters:
      AccessKey:
        Type: String
        Default: «id»
      SecretKey:
        Type: String
        NoEcho: true
        Default: «sec»
    """)
T("userdata.yaml", "CloudFormation UserData", """
    Resources:
      Web:
        Type: AWS::EC2::Instance
        Properties:
          ImageId: ami-«hex_17»
          UserData:
            Fn::Base64: !Sub |
              #!/bin/bash
              export AWS_ACCESS_KEY_ID=«id»
              export AWS_SECRET_ACCESS_KEY=«sec»
              /opt/aws/bin/cfn-init -v --stack ${AWS::StackName}
    """)
T("params.json", "CloudFormation ParameterKey/ParameterValue", """
    [
      {"ParameterKey": "AccessKeyId", "ParameterValue": "«id»"},
      {"ParameterKey": "Commit", "ParameterValue": "«hex_40»"},
      {"ParameterKey": "SecretAccessKey", "ParameterValue": "«sec»"}
    ]
    """)
T("values.yaml", "Helm values with quotes", """
    image:
      tag: "«hex_40»"
    persistence:
      s3:
        accessKey: "«id»"
        secretKey: "«sec»"
        bucket: registry
    """)
T("env_list.yaml", "Kubernetes env name/value list", """
    containers:
      - name: worker
        env:
          - name: AWS_ACCESS_KEY_ID
            value: «id»
          - name: AWS_REGION
            value: us-east-1
          - name: AWS_SECRET_ACCESS_KEY
            value: «sec»
    """)
T("env_list_reversed.yaml", "Kubernetes env, value before name", """
    env:
      - value: "«sec»"
        name: AWS_SECRET_ACCESS_KEY
      - value: "«id»"
        name: AWS_ACCESS_KEY_ID
    """)
T("string_data.yaml", "Kubernetes Secret stringData", """
    apiVersion: v1
    kind: Secret
    metadata:
      name: s3
      uid: «uuid»
    stringData:
      accesskey: «id»
      secretkey: «sec»
    """)
T("docker-compose.yml", "compose environment list", """
    services:
      app:
        image: app@sha256:«hex_64»
        environment:
          - AWS_ACCESS_KEY_ID=«id»
          - AWS_SECRET_ACCESS_KEY=«sec»
    """)
T("compose_map.yml", "compose environment mapping", """
    services:
      app:
        environment:
          AWS_ACCESS_KEY_ID: «id»
          AWS_SECRET_ACCESS_KEY: «sec»
    """)
T("Dockerfile", "Dockerfile ENV and ARG", """
    FROM python:3.11@sha256:«hex_64»
    ENV AWS_ACCESS_KEY_ID=«id»
    ARG AWS_SECRET_ACCESS_KEY=«sec»
    RUN pip install -r requirements.txt
    """)
T("Dockerfile.old", "Dockerfile ENV with blanks, one instruction", """
    FROM alpine
    ENV AWS_ACCESS_KEY_ID «id»
    ENV AWS_SECRET_ACCESS_KEY «sec»
    """)
T("Dockerfile.multi", "Dockerfile ENV with continuation", "FROM alpine\nENV AWS_ACCESS_KEY_ID=«id» \\\n    AWS_SECRET_ACCESS_KEY=«sec» \\\n    AWS_REGION=us-east-1\n")
T("docker_inspect.json", "docker inspect Env", """
    "Config": {
        "Hostname": "«hex_12»",
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin",
            "AWS_ACCESS_KEY_ID=«id»",
            "AWS_SECRET_ACCESS_KEY=«sec»"
        ],
        "Image": "sha256:«hex_64»"
    """)
T("docker_history.txt", "docker history --no-trunc", """
    IMAGE                                                                     CREATED       CREATED BY
    sha256:«hex_64»   2 weeks ago   /bin/sh -c #(nop)  ENV AWS_SECRET_ACCESS_KEY=«sec»
    <missing>                                                                 2 weeks ago   /bin/sh -c #(nop)  ENV AWS_ACCESS_KEY_ID=«id»
    """)
T("workflow.yml", "GitHub Actions env", """
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@«hex_40»
          - uses: aws-actions/configure-aws-credentials@«hex_40»
            with:
              aws-access-key-id: «id»
              aws-secret-access-key: «sec»
              aws-region: us-east-1
    """)
T(".gitlab-ci.yml", "GitLab CI variables", """
    variables:
      AWS_ACCESS_KEY_ID: "«id»"
      AWS_SECRET_ACCESS_KEY: "«sec»"
    deploy:
      script: [aws s3 cp out s3://b --recursive]
    """)
T("circle_config.yml", "CircleCI run step", """
    version: 2.1
    jobs:
      deploy:
        steps:
          - run:
              name: creds
              command: |
                aws configure set aws_access_key_id "«id»"
                aws configure set aws_secret_access_key "«sec»"
    """)
T(".travis.yml", "Travis deploy provider", """
    deploy:
      provider: s3
      access_key_id: «id»
      secret_access_key: «sec»
      bucket: builds
      skip_cleanup: true
    """)
T("buildspec.yml", "CodeBuild env variables", """
    version: 0.2
    env:
      variables:
        KEY: "«id»"
        SECRET: "«sec»"
    """)
T("Jenkinsfile", "Jenkinsfile environment", """
    pipeline {
      agent any
      environment {
        AWS_ACCESS_KEY_ID     = '«id»'
        AWS_SECRET_ACCESS_KEY = '«sec»'
      }
    }
    """)
T("withEnv.jenkinsfile", "Jenkinsfile withEnv list", "withEnv(['AWS_ACCESS_KEY_ID=«id»', 'AWS_SECRET_ACCESS_KEY=«sec»']) { sh 'make' }\n")
T("playbook.yml", "Ansible module arguments", """
    - name: upload
      amazon.aws.s3_object:
        aws_access_key: "«id»"
        aws_secret_key: "«sec»"
        bucket: artefacts
        mode: put
    """)
T("ansible_inline.yml", "Ansible key=value arguments", "- s3: aws_access_key=«id» aws_secret_key=«sec» bucket=b object=/x src=/tmp/x mode=put\n")
T("group_vars.yml", "Ansible group_vars with names of its own", "s3_user: «id»\ns3_user_password: «sec»\n")
T("Vagrantfile", "Vagrant aws provider", """
    config.vm.provider :aws do |aws, override|
      aws.access_key_id = "«id»"
      aws.secret_access_key = "«sec»"
      aws.ami = "ami-«hex_8»"
    end
    """)
T("knife.rb", "Chef knife.rb", "knife[:aws_access_key_id] = \"«id»\"\nknife[:aws_secret_access_key] = \"«sec»\"\n")
T("site.pp", "Puppet hiera style", "s3file { '/opt/x':\n  access_key => '«id»',\n  secret_key => '«sec»',\n}\n")
T("packer.json", "Packer variables", """
    {
      "variables": {
        "aws_access_key": "«id»",
        "aws_secret_key": "«sec»"
      },
      "builders": [{"type": "amazon-ebs", "source_ami": "ami-«hex_17»"}]
    }
    """)
T("Pulumi.dev.yaml", "Pulumi config", "config:\n  aws:accessKey: «id»\n  aws:region: eu-west-1\n  aws:secretKey: «sec»\n")
T("serverless.yml", "Serverless custom section", "custom:\n  dynamodb:\n    key: «id»\n    secret: «sec»\n")
T("lambda_config.json", "Lambda get-function-configuration", """
    {
        "FunctionName": "resize",
        "CodeSha256": "«b64_43»=",
        "Environment": {
            "Variables": {
                "SECRET": "«sec»",
                "STAGE": "prod",
                "ACCESS": "«id»"
            }
        },
        "RevisionId": "«uuid»"
    }
    """)
T("ecs_task.json", "ECS task definition name/value", """
    {"containerDefinitions": [{"name": "web", "environment": [
      {"name": "S3_KEY", "value": "«id»"},
      {"name": "S3_SECRET", "value": "«sec»"}]}]}
    """)
T("velero_credentials", "velero cloud file", "[default]\naws_access_key_id=«id»\naws_secret_access_key=«sec»\n")
# databases
T("copy.sql", "Redshift COPY with CREDENTIALS", """
    COPY events FROM 's3://lake/events/'
    CREDENTIALS 'aws_access_key_id=«id»;aws_secret_access_key=«sec»'
    GZIP DELIMITER '|';
    """)
T("unload.sql", "Redshift UNLOAD with token", """
    UNLOAD ('select * from t') TO 's3://b/t_'
    CREDENTIALS 'aws_access_key_id=«id»;aws_secret_access_key=«sec»;token=«tok»' PARALLEL OFF;
    """)
T("copy_params.sql", "Redshift ACCESS_KEY_ID / SECRET_ACCESS_KEY", "copy t from 's3://b/t' access_key_id '«id»' secret_access_key '«sec»' csv;\n")
T("snowflake.sql", "Snowflake stage", "CREATE STAGE s URL='s3://b/' CREDENTIALS=(AWS_KEY_ID='«id»' AWS_SECRET_KEY='«sec»');\n")
T("clickhouse.sql", "ClickHouse s3() positional", "SELECT * FROM s3('https://b.s3.amazonaws.com/x.csv', '«id»', '«sec»', 'CSV', 'a String');\n")
T("duckdb.sql", "DuckDB secret", "CREATE SECRET s (TYPE S3, KEY_ID '«id»', SECRET '«sec»', REGION 'us-east-1');\nSET s3_url_style='path';\n")
T("aws_s3_pg.sql", "Postgres aws_commons positional with empty token", "SELECT aws_s3.table_import_from_s3('t','','(format csv)', aws_commons.create_s3_uri('b','k','us-east-1'), aws_commons.create_aws_credentials('«id»','«sec»',''));\n")
T("jdbc.properties", "JDBC Athena/DynamoDB URL", "url=jdbc:awsathena://AwsRegion=us-east-1;UID=«id»;PWD=«sec»;S3OutputLocation=s3://r/\n")
T("redshift_log.txt", "log of a failed COPY", """
    2024-03-01 10:11:12,345 ERROR [main] o.e.Loader - statement failed (query «hex_8»)
    org.postgresql.util.PSQLException: ERROR: S3ServiceException in COPY x FROM 's3://b/x' CREDENTIALS 'aws_access_key_id=«id»;aws_secret_access_key=«sec»' JSON 'auto'
    	at org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2455)
    """)
T("insert.sql", "SQL insert of one row", "INSERT INTO `credentials` (`name`,`access_key`,`secret_key`,`created`) VALUES ('prod','«id»','«sec»','2023-01-02');\n")
T("update.sql", "SQL update with the secret first", "UPDATE settings SET s3_secret = '«sec»', s3_key = '«id»' WHERE id = 1;\n")
T("options.sql", "WordPress option rows (name, value)", """
    INSERT INTO `wp_options` VALUES (311,'backup_s3_key','«id»','yes'),(312,'cron_hash','«hex_32»','yes'),(313,'backup_s3_secret','«sec»','yes');
    """)
T("pg_dump.sql", "pg_dump COPY rows separated by tabs", "COPY public.buckets (id, name, key, secret, sha) FROM stdin;\n1\tmedia\t«id»\t«sec»\t«hex_40»\n\\.\n")
# the AWS command line and services
T("create-access-key.json", "create-access-key JSON", """
    {
        "AccessKey": {
            "UserName": "deploy",
            "AccessKeyId": "«akia»",
            "Status": "Active",
            "SecretAccessKey": "«sec»",
            "CreateDate": "2024-01-20T12:34:56+00:00"
        }
    }
    """)
T("create-access-key.txt", "create-access-key text output", "ACCESSKEY\t«akia»\t2024-01-20T12:34:56+00:00\t«sec»\tActive\tdeploy\n")
T("create-access-key.xml", "CreateAccessKey query API response", """
    <CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <CreateAccessKeyResult>
        <AccessKey>
          <UserName>Bob</UserName>
          <AccessKeyId>«akia»</AccessKeyId>
          <Status>Active</Status>
          <SecretAccessKey>«sec»</SecretAccessKey>
        </AccessKey>
      </CreateAccessKeyResult>
      <ResponseMetadata><RequestId>«uuid»</RequestId></ResponseMetadata>
    </CreateAccessKeyResponse>
    """)
T("create-access-key_table.txt", "create-access-key table output", """
    -------------------------------------------------------------------
    |                         CreateAccessKey                         |
    +-----------------------------------------------------------------+
    ||                           AccessKey                           ||
    |+------------------+--------------------------------------------+|
    ||  AccessKeyId     |  «akia»                      ||
    ||  CreateDate      |  2024-01-20T12:34:56+00:00                 ||
    ||  SecretAccessKey |  «sec»  ||
    ||  Status          |  Active                                    ||
    ||  UserName        |  deploy                                    ||
    |+------------------+--------------------------------------------+|
    """)
T("assume-role.json", "assume-role JSON", """
    {
        "Credentials": {
            "AccessKeyId": "«id»",
            "SecretAccessKey": "«sec»",
            "SessionToken": "«tok»",
            "Expiration": "2024-05-01T10:00:00+00:00"
        },
        "AssumedRoleUser": {
            "AssumedRoleId": "AROA3XFRBF535PLBIFPI4:s3-access",
            "Arn": "arn:aws:sts::123456789012:assumed-role/xaccounts3access/s3-access"
        }
    }
    """)
T("assume-role.xml", "assume-role XML", """
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleResult>
        <AssumedRoleUser><AssumedRoleId>AROA3XFRBF535PLBIFPI4:bob</AssumedRoleId></AssumedRoleUser>
        <Credentials>
          <SessionToken>«tok»</SessionToken>
          <SecretAccessKey>«sec»</SecretAccessKey>
          <Expiration>2024-05-01T10:00:00Z</Expiration>
          <AccessKeyId>«id»</AccessKeyId>
        </Credentials>
      </AssumeRoleResult>
    </AssumeRoleResponse>
    """)
T("assume-role.txt", "assume-role text output", "ASSUMEDROLEUSER\tarn:aws:sts::123456789012:assumed-role/dev/s\tAROA3XFRBF535PLBIFPI4:s\nCREDENTIALS\t«id»\t2024-05-01T10:00:00+00:00\t«sec»\t«tok»\n")
T("assume-role_table.txt", "assume-role table output", """
    ----------------------------------------------------------------
    |                          AssumeRole                          |
    +--------------------------------------------------------------+
    ||                         Credentials                        ||
    |+------------------+-----------------------------------------+|
    ||  AccessKeyId     |  «id»   ||
    ||  Expiration      |  2024-05-01T10:00:00+00:00   ||
    ||  SecretAccessKey |  «sec»   ||
    ||  SessionToken    |  «tok»   ||
    |+------------------+-----------------------------------------+|
    """)
T("assume-role_query.txt", "assume-role --query text, three columns", "«id»\t«sec»\t«tok»\n")
T("assume-role.yaml", "assume-role YAML output", """
    Credentials:
      AccessKeyId: «id»
      Expiration: '2024-05-01T10:00:00+00:00'
      SecretAccessKey: «sec»
      SessionToken: «tok»
    """)
T("export-credentials.sh", "aws configure export-credentials --format env", "export AWS_ACCESS_KEY_ID=«id»\nexport AWS_SECRET_ACCESS_KEY=«sec»\nexport AWS_SESSION_TOKEN=«tok»\nexport AWS_CREDENTIAL_EXPIRATION=2024-05-01T10:00:00+00:00\n")
T("imds.json", "instance metadata", """
    {
      "Code" : "Success",
      "LastUpdated" : "2024-05-01T04:00:00Z",
      "Type" : "AWS-HMAC",
      "AccessKeyId" : "«id»",
      "SecretAccessKey" : "«sec»",
      "Token" : "«tok»",
      "Expiration" : "2024-05-01T10:00:00Z"
    }
    """)
T("ecs_credentials.json", "container credentials on one line", '{"RoleArn":"arn:aws:iam::123456789012:role/task","AccessKeyId":"«id»","SecretAccessKey":"«sec»","Token":"«tok»","Expiration":"2024-05-01T10:00:00Z"}')
T("credential_process.json", "credential_process", '{"Version": 1, "AccessKeyId": "«id»", "SecretAccessKey": "«sec»", "SessionToken": "«tok»", "Expiration": "2024-05-01T10:00:00Z"}\n')
T("credential_process_static.json", "credential_process without token", '{"Version":1,"AccessKeyId":"«akia»","SecretAccessKey":"«sec»"}')
T("sso_cache.json", "aws sso get-role-credentials", '{"roleCredentials": {"accessKeyId": "«id»", "secretAccessKey": "«sec»", "sessionToken": "«tok»", "expiration": 1714557600000}}\n')
T("cli_cache.json", "~/.aws/cli/cache entry", '{"Credentials": {"AccessKeyId": "«id»", "SecretAccessKey": "«sec»", "SessionToken": "«tok»", "Expiration": "2024-05-01T10:00:00UTC"}, "ResponseMetadata": {"RequestId": "«uuid»", "HTTPStatusCode": 200}}')
T("cognito.json", "Cognito GetCredentialsForIdentity (SecretKey)", '{"Credentials":{"AccessKeyId":"«id»","Expiration":1.7145576E9,"SecretKey":"«sec»","SessionToken":"«tok»"},"IdentityId":"us-east-1:«uuid»"}')
T("vault_read.txt", "vault read aws/creds", """
    Key                Value
    ---                -----
    lease_id           aws/creds/deploy/«uuid»
    lease_duration     768h
    access_key         «akia»
    secret_key         «sec»
    security_token     <nil>
    """)
T("rootkey.csv", "old rootkey.csv", "AWSAccessKeyId=«akia»\r\nAWSSecretKey=«sec»\r\n")
T("accessKeys.csv", "console download, two columns", "Access key ID,Secret access key\r\n«akia»,«sec»\r\n")
T("new_user_credentials.csv", "console download, five columns", """
    User name,Password,Access key ID,Secret access key,Console login link\r
    deploy,«an_14»,«akia»,«sec»,https://123456789012.signin.aws.amazon.com/console\r
    """)
T("credentials_old.csv", "old console download, quoted user name", '"User Name","Access Key Id","Secret Access Key"\r\n"jane.doe",«akia»,«sec»\r\n')
