"""Configuration and credential files of tools."""
from kit import T

T("credentials", "~/.aws/credentials, one profile", """
    [default]
    aws_access_key_id = «id»
    aws_secret_access_key = «sec»
    """)
T("credentials_with_token", "~/.aws/credentials with session token", """
    [default]
    aws_access_key_id = «id»
    aws_secret_access_key = «sec»
    aws_session_token = «tok»
    region = eu-west-1
    """)
T("credentials_saml", "saml2aws credentials with token before the keys", """
    [saml]
    aws_session_token        = «tok»
    aws_security_token       = «tok»
    aws_secret_access_key    = «sec»
    aws_access_key_id        = «id»
    x_principal_arn          = arn:aws:sts::123456789012:assumed-role/dev/jane
    x_security_token_expires = 2024-05-01T14:31:09+02:00
    """)
T("credentials_nospace", "~/.aws/credentials without blanks, upper-case names", """
    [work]
    AWS_ACCESS_KEY_ID=«id»
    AWS_SECRET_ACCESS_KEY=«sec»
    """)
T("config_source_profile", "~/.aws/config with keys in a profile section", """
    [default]
    region = us-east-1
    output = json

    [profile ci]
    role_arn = arn:aws:iam::123456789012:role/deploy
    source_profile = base

    [profile base]
    aws_access_key_id=«akia»
    aws_secret_access_key=«sec»
    s3 =
      max_concurrent_requests = 20
    """)
T(".env", "dotenv", """
    NODE_ENV=production
    AWS_ACCESS_KEY_ID=«id»
    AWS_SECRET_ACCESS_KEY=«sec»
    AWS_DEFAULT_REGION=eu-central-1
    """)
T(".env.quoted", "dotenv with double quotes and secret first", """
    S3_BUCKET="uploads-prod"
    S3_SECRET="«sec»"
    S3_KEY="«id»"
    S3_REGION="us-west-2"
    """)
T(".env.single", "dotenv with single quotes and short names", """
    AWS_KEY='«id»'
    AWS_SECRET='«sec»'
    """)
T(".env.laravel", "Laravel .env with APP_KEY before", """
    APP_KEY=base64:«b64_43»=
    APP_DEBUG=false
    DB_PASSWORD=«an_16»

    FILESYSTEM_DISK=s3
    AWS_ACCESS_KEY_ID=«id»
    AWS_SECRET_ACCESS_KEY=«sec»
    AWS_BUCKET=media
    PUSHER_APP_SECRET=«hex_20»
    """)
T(".env.rails", "Rails/Paperclip .env with other tokens of 40 characters", """
    SECRET_KEY_BASE=«hex_128»
    GITHUB_CLIENT_SECRET=«hex_40»
    S3_ACCESS_KEY_ID=«id»
    HEROKU_API_KEY=«uuid»
    CLOUDFLARE_API_TOKEN=«an_40»
    S3_SECRET_ACCESS_KEY=«sec»
    """)
T(".envrc", "direnv with export", """
    export AWS_PROFILE=
    export AWS_ACCESS_KEY_ID="«id»"
    export AWS_SECRET_ACCESS_KEY="«sec»"
    export AWS_SESSION_TOKEN="«tok»"
    PATH_add bin
    """)
T(".env.commented", "commented-out dotenv", """
    # old account, remove me
    # AWS_ACCESS_KEY_ID=«id»
    # AWS_SECRET_ACCESS_KEY=«sec»
    AWS_PROFILE=prod
    """)
T(".env.colon", "dotenv written with colons", """
    access key: «id»
    secret key: «sec»
    """)
T(".env.trailing", "dotenv with trailing comments and CRLF", """
    AWS_ACCESS_KEY_ID=«id» # bob's key\r
    AWS_SECRET_ACCESS_KEY=«sec» # rotate in May\r
    """)
T(".s3cfg", "s3cmd .s3cfg", """
    [default]
    access_key = «id»
    access_token =
    add_encoding_exts =
    bucket_location = US
    cloudfront_host = cloudfront.amazonaws.com
    default_mime_type = binary/octet-stream
    gpg_command = /usr/bin/gpg
    gpg_decrypt = %(gpg_command)s -d --verbose --no-use-agent --batch --yes --passphrase-fd %(passphrase_fd)s -o %(output_file)s %(input_file)s
    host_base = s3.amazonaws.com
    host_bucket = %(bucket)s.s3.amazonaws.com
    multipart_chunk_size_mb = 15
    proxy_host =
    recv_chunk = 65536
    secret_key = «sec»
    send_chunk = 65536
    signature_v2 = False
    use_https = True
    """)
T(".boto", "gsutil .boto", """
    [Credentials]
    aws_access_key_id = «id»
    aws_secret_access_key = «sec»
    gs_oauth2_refresh_token = 1//«an_60»

    [Boto]
    https_validate_certificates = True
    """)
T(".passwd-s3fs", "s3fs ID:SECRET", "«id»:«sec»\n")
T("passwd-s3fs-buckets", "s3fs bucket:ID:SECRET, two lines", """
    media-prod:«id1»:«sec1»
    backups:«id2»:«sec2»
    """)
T("rclone.conf", "rclone", """
    [s3remote]
    type = s3
    provider = AWS
    env_auth = false
    access_key_id = «id»
    secret_access_key = «sec»
    region = us-east-1
    acl = private
    """)
T("rclone_connection.sh", "rclone connection string", """
    rclone copy ./dist ":s3,provider=AWS,access_key_id='«id»',secret_access_key='«sec»',region=eu-west-1:my-bucket/dist"
    """)
T(".netrc", "netrc on several lines", """
    machine s3.amazonaws.com
      login «id»
      password «sec»
    """)
T("_netrc", "netrc on one line among others", """
    machine github.com login jane password ghp_«an_36»
    machine s3.eu-west-1.amazonaws.com login «id» password «sec»
    """)
T("mc_config.json", "minio mc config", """
    {
    	"version": "10",
    	"aliases": {
    		"local": {"url": "http://localhost:9000", "accessKey": "", "secretKey": "", "api": "S3v4", "path": "auto"},
    		"s3": {
    			"url": "https://s3.amazonaws.com",
    			"accessKey": "«id»",
    			"secretKey": "«sec»",
    			"api": "S3v4",
    			"path": "dns"
    		}
    	}
    }
    """)
T("mc_alias.sh", "mc alias set, positional", "mc alias set s3 https://s3.amazonaws.com «id» «sec» --api S3v4\n")
T("mc_host_env.sh", "MC_HOST_ url with user info", "export MC_HOST_s3=https://«id»:«sec»@s3.amazonaws.com\n")
T("restic.env", "restic environment", """
    export RESTIC_REPOSITORY="s3:s3.amazonaws.com/backup-bucket"
    export RESTIC_PASSWORD="«an_24»"
    export AWS_ACCESS_KEY_ID=«id»
    export AWS_SECRET_ACCESS_KEY=«sec»
    """)
T("duplicity_backup.sh", "duplicity script with gpg key between", """
    #!/bin/sh
    AWS_ACCESS_KEY_ID="«id»"
    GPG_KEY="«hex_40»"
    PASSPHRASE="«an_20»"
    AWS_SECRET_ACCESS_KEY="«sec»"
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY PASSPHRASE
    duplicity --encrypt-key $GPG_KEY /srv s3://s3.amazonaws.com/backup
    """)
T("duplicity.conf", "duply TARGET_USER/TARGET_PASS", """
    GPG_KEY='disabled'
    TARGET='boto3+s3://backups/host1'
    TARGET_USER='«id»'
    TARGET_PASS='«sec»'
    MAX_AGE=6M
    """)
T("borgmatic.yaml", "borgmatic/rclone yaml with comments between", """
    storage:
      access_key: «id»   # user: backup
      # the secret is in 1password as well
      secret_key: «sec»
    """)
T("application.properties", "Spring properties", """
    server.port=8080
    cloud.aws.credentials.access-key=«id»
    cloud.aws.credentials.secret-key=«sec»
    cloud.aws.region.static=us-east-1
    """)
T("escaped.properties", "Java properties with escaped characters", """
    #Tue Mar 05 10:11:12 CET 2024
    s3.endpoint=https\\://s3.amazonaws.com
    s3.accessKey=«id»
    s3.secretKey=«sec|js»
    """)
T("unicode.properties", "Java properties with \\u escapes", """
    aws.accessKeyId=«id»
    aws.secretKey=«sec|juu»
    """)
T("AwsCredentials.properties", "AWS SDK for Java AwsCredentials.properties", """
    # Fill in your AWS Access Key ID and Secret Access Key
    # http://aws.amazon.com/security-credentials
    accessKey = «id»
    secretKey = «sec»
    """)
T("application.yml", "Spring yaml", """
    spring:
      application:
        name: billing
    cloud:
      aws:
        credentials:
          accessKey: «id»
          secretKey: «sec»
          instanceProfile: false
        region:
          static: eu-west-1
    """)
T("storage.yml", "Rails active storage", """
    amazon:
      service: S3
      access_key_id: «id»
      secret_access_key: «sec»
      region: us-east-1
      bucket: app-<%= Rails.env %>
    """)
T("folded.yaml", "YAML block scalars for each value", """
    stringData:
      AWS_ACCESS_KEY_ID: >-
        «id»
      AWS_SECRET_ACCESS_KEY: |-
        «sec»
    """)
T("configmap_block.yaml", "YAML multi-line block holding a credentials file", """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: aws-creds
    data:
      credentials: |
        [default]
        aws_access_key_id = «id»
        aws_secret_access_key = «sec»
      config: |
        [default]
        region = eu-west-3
    """)
T("flow.yaml", "YAML flow mapping", "s3: {bucket: logs, access_key: «id», secret_key: \"«sec»\", region: eu-west-1}\n")
T("anchors.yaml", "YAML anchors with the secret first", """
    x-aws: &aws
      AWS_SECRET_ACCESS_KEY: "«sec»"
      AWS_ACCESS_KEY_ID: "«id»"
    worker:
      environment:
        <<: *aws
    """)
T("config.toml", "TOML table", """
    [registry]
    token = "«uuid»"

    [s3]
    access_key = "«id»"
    secret_key = "«sec»"
    """)
T("inline.toml", "TOML inline table", 'storage = { kind = "s3", key = "«id»", secret = "«sec»", bucket = "x" }\n')
T("runner.toml", "gitlab-runner config.toml cache", """
    [[runners]]
      name = "docker-runner"
      token = "«an_20»"
      executor = "docker"
      [runners.cache]
        Type = "s3"
        Shared = true
        [runners.cache.s3]
          ServerAddress = "s3.amazonaws.com"
          AccessKey = "«id»"
          SecretKey = "«sec»"
          BucketName = "runner-cache"
    """)
T("config.json", "plain JSON", """
    {
      "aws": {
        "accessKeyId": "«id»",
        "secretAccessKey": "«sec»",
        "region": "us-east-1"
      }
    }
    """)
T("escaped_slash.json", "JSON with \\/ as PHP writes it", '{"region":"us-east-1","key":"«id»","secret":"«sec|js»"}\n')
T("escaped_u.json", "JSON with \\u002f and \\u002b", '{"AccessKeyId": "«id»", "SecretAccessKey": "«sec|ju»"}\n')
T("escaped_U.json5", "JSON5 with \\u002F upper case and comments", """
    {
      // uploads
      accessKeyId: '«id»',
      secretAccessKey: '«sec|juu»', /* do not share */
    }
    """)
T("appsettings.json", "ASP.NET appsettings", """
    {
      "Logging": { "LogLevel": { "Default": "Information" } },
      "AWS": {
        "Profile": "local",
        "Region": "us-east-2",
        "AccessKey": "«id»",
        "SecretKey": "«sec»"
      },
      "Jwt": { "Secret": "«an_64»" }
    }
    """)
T("web.config", "ASP.NET web.config appSettings", """
    <?xml version="1.0" encoding="utf-8"?>
    <configuration>
      <appSettings>
        <add key="AWSAccessKey" value="«id»" />
        <add key="AWSSecretKey" value="«sec»" />
        <add key="MachineKey" value="«hex_40»" />
      </appSettings>
    </configuration>
    """)
T("web_reversed.config", "appSettings with value before key", """
    <appSettings>
      <add value="«sec»" key="AWSSecretKey" />
      <add value="«id»" key="AWSAccessKey" />
    </appSettings>
    """)
T("core-site.xml", "Hadoop core-site.xml", """
    <configuration>
      <property>
        <name>fs.s3a.access.key</name>
        <value>«id»</value>
      </property>
      <property>
        <name>fs.s3a.secret.key</name>
        <value>«sec»</value>
      </property>
    </configuration>
    """)
T("hive-site.xml", "Hadoop properties on one line with other properties between", """
    <configuration>
    <property><name>fs.s3n.awsSecretAccessKey</name><value>«sec»</value></property>
    <property><name>hive.metastore.uris</name><value>thrift://hms:9083</value><description>Thrift URI for the remote metastore</description></property>
    <property><name>hive.exec.scratchdir</name><value>/tmp/hive</value></property>
    <property><name>fs.s3n.awsAccessKeyId</name><value>«id»</value></property>
    </configuration>
    """)
T("core-site-entities.xml", "Hadoop XML with &#47; and &#43;", """
    <configuration>
      <property><name>fs.s3.awsAccessKeyId</name><value>«id»</value></property>
      <property><name>fs.s3.awsSecretAccessKey</name><value>«sec|htmld»</value></property>
    </configuration>
    """)
T("entities_hex.xml", "XML attributes with &#x2B; and &#x2F;", '<s3 access="«id»" secret="«sec|htmlx»" bucket="b"/>\n')
T("beans.xml", "Spring beans: constructor-arg without names", """
    <bean id="awsCredentials" class="com.amazonaws.auth.BasicAWSCredentials">
      <constructor-arg value="«id»"/>
      <constructor-arg value="«sec»"/>
    </bean>
    """)
T("settings.xml", "Maven settings: username and password of an S3 server", """
    <settings>
      <servers>
        <server>
          <id>maven-s3-release</id>
          <username>«id»</username>
          <password>«sec»</password>
        </server>
      </servers>
    </settings>
    """)
T("unnamed.xml", "XML with element names that say nothing", "<cfg><a>«id»</a><b>«sec»</b></cfg>\n")
T("cdata.xml", "XML with CDATA", """
    <publisher>
      <accessKey><![CDATA[«id»]]></accessKey>
      <secretKey><![CDATA[«sec»]]></secretKey>
    </publisher>
    """)
T("Info.plist", "Apple plist: key and string elements", """
    <plist version="1.0">
    <dict>
    	<key>CFBundleVersion</key>
    	<string>42</string>
    	<key>AWSAccessKey</key>
    	<string>«id»</string>
    	<key>AWSSecretKey</key>
    	<string>«sec»</string>
    </dict>
    </plist>
    """)
T("strings.xml", "Android strings.xml", """
    <resources>
        <string name="app_name">Photos</string>
        <string name="google_api_key">AIza«an_35»</string>
        <string name="aws_access_key">«id»</string>
        <string name="aws_secret_key">«sec»</string>
    </resources>
    """)
T("spark-defaults.conf", "Spark properties separated by blanks", """
    spark.master                     yarn
    spark.hadoop.fs.s3a.access.key   «id»
    spark.hadoop.fs.s3a.secret.key   «sec»
    spark.serializer                 org.apache.spark.serializer.KryoSerializer
    """)
T("jets3t.properties", "jets3t synchronize.properties", "accesskey=«id»\nsecretkey=«sec»\npassword=\n")
T("logstash.conf", "logstash s3 output", """
    output {
      s3 {
        access_key_id => "«id»"
        secret_access_key => "«sec»"
        region => "us-east-1"
        bucket => "elk-logs"
      }
    }
    """)
T("td-agent.conf", "fluentd s3 match", """
    <match log.**>
      @type s3
      aws_key_id «id»
      aws_sec_key «sec»
      s3_bucket fluentd
      path logs/
      <buffer tag,time>
        @type file
      </buffer>
    </match>
    """)
T("fluent-bit-env.conf", "systemd Environment lines", """
    [Service]
    Environment="AWS_ACCESS_KEY_ID=«id»"
    Environment="AWS_SECRET_ACCESS_KEY=«sec»"
    ExecStart=/opt/fluent-bit/bin/fluent-bit -c /etc/fluent-bit.conf
    """)
T("oneline.service", "systemd: both variables in one Environment line", """
    [Service]
    Environment=AWS_ACCESS_KEY_ID=«id» AWS_SECRET_ACCESS_KEY=«sec»
    """)
T("registry.yml", "docker distribution storage s3", """
    version: 0.1
    storage:
      s3:
        accesskey: «id»
        secretkey: «sec»
        region: us-west-1
        bucket: docker-registry
    http:
      secret: «hex_40»
    """)
T("gitlab.rb", "GitLab omnibus ruby hash", """
    gitlab_rails['object_store']['connection'] = {
      'provider' => 'AWS',
      'region' => 'eu-central-1',
      'aws_access_key_id' => '«id»',
      'aws_secret_access_key' => '«sec»'
    }
    """)
T("wp-config.php", "WordPress offload media", """
    <?php
    define( 'AUTH_KEY', '«an_64»' );
    define( 'AS3CF_SETTINGS', serialize( array(
        'provider' => 'aws',
        'access-key-id' => '«id»',
        'secret-access-key' => '«sec»',
    ) ) );
    """)
T("wp_defines.php", "PHP defines", """
    <?php
    define('AWS_ACCESS_KEY_ID', '«id»');
    define('AWS_SECRET_ACCESS_KEY', '«sec»');
    """)
T("serialized.txt", "PHP serialize()", 'a:3:{s:3:"key";s:20:"«id»";s:6:"secret";s:40:"«sec»";s:6:"region";s:9:"us-east-1";}\n')
T("sftp.json", "VS Code S3 sync with the secret first", '{ "secretAccessKey": "«sec»", "bucket": "static", "accessKeyId": "«id»" }\n')
T("transmit.ini", "FTP client session file", """
    [Sessions\\s3-prod]
    HostName=s3.amazonaws.com
    PortNumber=443
    UserName=«id»
    Password=«sec»
    FSProtocol=7
    """)
T("registry_export.reg", "Windows registry export", """
    Windows Registry Editor Version 5.00\r
    \r
    [HKEY_CURRENT_USER\\Environment]\r
    "AWS_ACCESS_KEY_ID"="«id»"\r
    "AWS_SECRET_ACCESS_KEY"="«sec»"\r
    """)
T("emacs_auth.el", "Emacs lisp", '(setq aws-access-key "«id»"\n      aws-secret-key "«sec»")\n')
T("nginx_s3.conf", "nginx ngx_aws_auth", """
    location / {
        aws_access_key «id»;
        aws_secret_key «sec»;
        s3_bucket static;
        proxy_pass http://static.s3.amazonaws.com;
    }
    """)
T("tracker.ini", "INI with keys named user and pass", "[s3]\nuser: «id»\npass: «sec»\nbucket: x\n")
