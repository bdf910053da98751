package source_test

import (
	"strings"
	"testing"
)

// TestIntrinsicFunctions resolves one function where a Resource stands.
func TestIntrinsicFunctions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ expression, want string }{
		{`{"Ref":"AWS::AccountId"}`, `"314159265358"`},
		{`{"Ref":"Text"}`, `"default"`},
		{`{"Ref":"Many"}`, `["a","b"]`},
		{`{"Ref":"FromStore"}`, `"arn:aws:s3:::from-store"`},
		{`{"Ref":"Bucket"}`, `"media"`},
		{`{"Ref":"Topic"}`, `"arn:aws:sns:us-east-1:314159265358:topic"`},
		{`{"Ref":"Queue"}`, `"https://sqs.us-east-1.amazonaws.com/314159265358/media-jobs"`},
		{`{"Ref":"Group"}`, `"sg-0a1b2c3d4e5f60718"`},
		{`{"Fn::GetAtt":["Queue","Arn"]}`, `"arn:aws:sqs:us-east-1:314159265358:media-jobs"`},
		{`{"Fn::GetAtt":"Queue.QueueName"}`, `"media-jobs"`},
		{`{"Fn::GetAtt":["Table","StreamArn"]}`, `"arn:aws:dynamodb:us-east-1:314159265358:table/table/stream/2020-01-01T00:00:00.000"`},
		{`{"Fn::GetAtt":["Nested","Outputs.KeyArn"]}`, `"arn:aws:kms:us-east-1:314159265358:key/1234abcd-12ab-34cd-56ef-1234567890ab"`},
		{`{"Fn::Sub":"${Bucket}/${!aws:username}/\"x\""}`, `"media/${aws:username}/\"x\""`},
		{`{"Fn::Sub":["${A}-${B}",{"A":{"Ref":"Text"},"B":"b"}]}`, `"default-b"`},
		{`{"Fn::Sub":"open ${"}`, `"open ${"`},
		{`{"Fn::Join":["/",["a",{"Ref":"Text"},{"Ref":"AWS::NoValue"}]]}`, `"a/default"`},
		{`{"Fn::Join":[",",{"Ref":"Many"}]}`, `"a,b"`},
		{`{"Fn::Select":[1,["a","b"]]}`, `"b"`},
		{`{"Fn::Select":["0",{"Fn::Split":["-","x-y"]}]}`, `"x"`},
		{`{"Fn::FindInMap":["Sizes",{"Ref":"AWS::Region"},"name"]}`, `"mapped"`},
		{`{"Fn::FindInMap":["Sizes","moon","BucketArn"]}`, `"arn:aws:s3:::bucket"`},
		{`{"Fn::ImportValue":{"Fn::Sub":"${AWS::StackName}-QueueArn"}}`, `"arn:aws:sqs:us-east-1:314159265358:stack-queue"`},
		{`{"Fn::If":["C",{"Ref":"AWS::NoValue"},"b"]}`, `"b"`},
		{`["a",{"Fn::If":["C",{"Ref":"AWS::NoValue"},{"Ref":"AWS::NoValue"}]},"c"]`, `["a","c"]`},
		{`[{"Ref":"AWS::NoValue"},"c",{"Ref":"AWS::NoValue"}]`, `["c"]`},
		{`{"Fn::Transform":{"Name":"AWS::Include"}}`, `"arn:aws:s3:::stand-in"`},
		{`{"Ref":"Unknown"}`, `"arn:aws:s3:::unknown"`},
		{`{"Ref":7}`, `"arn:aws:s3:::7"`},
		{`"literal"`, `"literal"`},
	} {
		text := `{"Parameters":{"Text":{"Type":"String","Default":"default"},"Many":{"Type":"CommaDelimitedList","Default":"a, b"},` +
			`"FromStore":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"/a/b"}},` +
			`"Mappings":{"Sizes":{"us-east-1":{"name":"mapped"}}},` +
			`"Resources":{"Bucket":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"media"}},"Topic":{"Type":"AWS::SNS::Topic"},` +
			`"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":"${Bucket}-jobs"}}},"Table":{"Type":"AWS::DynamoDB::Table","Properties":{}},` +
			`"Group":{"Type":"AWS::EC2::SecurityGroup","Properties":{}},"Nested":{"Type":"AWS::CloudFormation::Stack","Properties":{}},` +
			`"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"PolicyDocument":{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":` +
			tc.expression + `}]}}}}}`
		p := find(t, "a.json", text).Policies
		if len(p) != 1 {
			t.Errorf("%s: found %q, want one policy", tc.expression, names(p))
			continue
		}
		_, got, _ := strings.Cut(string(p[0].Text), `"Resource":`)
		if got = strings.TrimSuffix(got, "}]}"); got != tc.want {
			t.Errorf("%s = %s, want %s", tc.expression, got, tc.want)
		}
		if literal := tc.expression == `"literal"`; literal != (len(p[0].Substitutions) == 0) && !strings.Contains(tc.expression, "NoValue") && !strings.Contains(tc.expression, "Fn::S") {
			t.Errorf("%s: substitutions %v", tc.expression, p[0].Substitutions)
		}
	}
}

// TestStandInsAreValidWhereTheyStand puts a parameter without a default in
// places of all kinds.
func TestStandInsAreValidWhereTheyStand(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, statement, want string }{
		{"Thing", `"Action":"sqs:SendMessage","Resource":{"Ref":"Thing"}`, "arn:aws:sqs:us-east-1:314159265358:thing"},
		{"Thing", `"Action":"odd:Do","Resource":{"Ref":"Thing"}`, "arn:aws:odd:us-east-1:314159265358:thing"},
		{"RoleArn", `"Action":"iam:PassRole","Resource":{"Ref":"RoleArn"}`, "arn:aws:iam::314159265358:role/role"},
		{"Account", `"Resource":{"Fn::Sub":"arn:aws:iam::${Account}:role/x"}`, "arn:aws:iam::314159265358:role/x"},
		{"Partner", `"Principal":{"AWS":{"Ref":"Partner"}}`, "arn:aws:iam::314159265358:role/partner"},
		{"PartnerAccount", `"Principal":{"AWS":{"Ref":"PartnerAccount"}}`, "arn:aws:iam::314159265358:root"},
		{"Who", `"Principal":{"Service":{"Ref":"Who"}}`, "lambda.amazonaws.com"},
		{"Hub", `"Principal":{"Federated":{"Ref":"Hub"}}`, "arn:aws:iam::314159265358:oidc-provider/hub"},
		{"SamlHub", `"NotPrincipal":{"Federated":{"Ref":"SamlHub"}}`, "arn:aws:iam::314159265358:saml-provider/saml-hub"},
		{"X", `"Condition":{"Bool":{"aws:SecureTransport":{"Ref":"X"}}}`, "true"},
		{"X", `"Condition":{"NumericLessThan":{"s3:max-keys":{"Ref":"X"}}}`, "1"},
		{"X", `"Condition":{"DateLessThan":{"aws:CurrentTime":{"Ref":"X"}}}`, "2099-12-31T23:59:59Z"},
		{"X", `"Condition":{"DateGreaterThan":{"aws:CurrentTime":{"Ref":"X"}}}`, "2020-01-01T00:00:00Z"},
		{"X", `"Condition":{"NotIpAddressIfExists":{"aws:SourceIp":{"Ref":"X"}}}`, "203.0.113.0/24"},
		{"Jobs", `"Condition":{"ArnLike":{"aws:SourceArn":{"Ref":"Jobs"}}}`, "arn:aws:s3:::jobs"},
		{"X", `"Condition":{"ArnEquals":{"aws:PrincipalArn":{"Ref":"X"}}}`, "arn:aws:iam::314159265358:role/x"},
		{"X", `"Condition":{"StringEquals":{"aws:PrincipalOrgID":{"Ref":"X"}}}`, "o-a1b2c3d4e5"},
		{"X", `"Condition":{"StringEquals":{"aws:SourceAccount":{"Ref":"X"}}}`, "314159265358"},
		{"X", `"Condition":{"StringEquals":{"aws:SourceVpce":{"Ref":"X"}}}`, "vpce-0a1b2c3d4e5f60718"},
		{"TeamName", `"Condition":{"StringEquals":{"aws:PrincipalTag/team":{"Ref":"TeamName"}}}`, "team-name"},
	} {
		text := `{"Resources":{"P":{"Type":"AWS::S3::BucketPolicy","Properties":{"PolicyDocument":{"Statement":[{"Effect":"Allow",` + tc.statement + `}]}}}}}`
		p := find(t, "a.json", text).Policies
		if len(p) != 1 || !strings.Contains(string(p[0].Text), `"`+tc.want+`"`) {
			t.Errorf("%s: text %q, want %q in it", tc.statement, p[0].Text, tc.want)
		}
	}
}

func TestSubstitutionWithoutEndIsGivenUp(t *testing.T) {
	t.Parallel()
	file := find(t, "a.json", hostile["laughs.json"](0))
	if len(file.Policies) != 0 || len(file.Notes) != 1 {
		t.Errorf("Find = %d policies and notes %v, want none and one note", len(file.Policies), file.Notes)
	}
}
