package account_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/berth-project/berth/iam/account"
)

// large is the export of an account with so many roles: each with a trust policy,
// an inline policy and managed policies; every tenth may assume others, every
// hundredth has the action that is asked for.
func large(b testing.TB, roles int) map[string][]byte {
	b.Helper()
	type object = map[string]any
	statement := func(action, resource any) object {
		return object{"Version": "2012-10-17", "Statement": []object{{"Effect": "Allow", "Action": action, "Resource": resource}}}
	}
	var list []object
	for i := range roles {
		trust := object{"Effect": "Allow", "Principal": object{"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
		switch i % 10 {
		case 0:
			trust["Principal"] = object{"AWS": "arn:aws:iam::" + here + ":root"}
		case 1:
			trust["Principal"] = object{"AWS": roleARN(here, fmt.Sprint("app-", (i*7)%roles))}
			trust["Condition"] = object{"StringEquals": object{"sts:ExternalId": fmt.Sprint("id-", i)}}
		}
		own := statement([]string{"sqs:SendMessage", "sqs:GetQueueUrl", "logs:PutLogEvents"}, []string{fmt.Sprintf("arn:aws:sqs:us-east-1:%s:queue-%d", here, i), "arn:aws:logs:*:*:*"})
		switch {
		case i%100 == 0:
			own = statement("s3:GetObject", "arn:aws:s3:::media/*")
		case i%10 == 5:
			own = statement("sts:AssumeRole", roleARN(here, fmt.Sprint("app-", (i/10)*10)))
		}
		list = append(list, object{
			"RoleName": fmt.Sprint("app-", i), "RoleId": fmt.Sprint("AROA", i), "Arn": roleARN(here, fmt.Sprint("app-", i)), "Path": "/",
			"AssumeRolePolicyDocument": object{"Version": "2012-10-17", "Statement": []object{trust}},
			"RolePolicyList":           []object{{"PolicyName": "own", "PolicyDocument": own}},
			"AttachedManagedPolicies":  []object{{"PolicyName": "base", "PolicyArn": "arn:aws:iam::" + here + ":policy/base"}},
			"Tags":                     []object{{"Key": "team", "Value": fmt.Sprint("team-", i%20)}},
		})
	}
	base := statement([]string{"xray:PutTraceSegments", "cloudwatch:PutMetricData", "ssm:GetParameter*"}, "*")
	data, err := json.Marshal(object{
		"RoleDetailList": list, "UserDetailList": []object{}, "GroupDetailList": []object{},
		"Policies": []object{{"PolicyName": "base", "Arn": "arn:aws:iam::" + here + ":policy/base", "PolicyVersionList": []object{{"IsDefaultVersion": true, "Document": base}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return map[string][]byte{"dump.json": data}
}

func BenchmarkRead(b *testing.B) {
	files := large(b, 10_000)
	b.SetBytes(int64(len(files["dump.json"])))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := account.Read(files); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkWhoCan(b *testing.B) {
	s, problems := account.Read(large(b, 10_000))
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	b.ReportAllocs()
	for b.Loop() {
		a, err := s.WhoCan(reading(media))
		if err != nil || len(a.Grants) < 200 {
			b.Fatalf("WhoCan = %d grants, %v", len(a.Grants), err)
		}
	}
}
