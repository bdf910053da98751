package account_test

import (
	"fmt"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/account"
)

func ExampleSnapshot_WhoCan() {
	snapshot, problems := account.Read(map[string][]byte{
		"210987654321/users/ci.json": []byte(`{"policies": [{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::210987654321:role/deploy"}]}]}`),
		"210987654321/roles/deploy.json": []byte(`{
			"trust": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
				"Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]},
			"policies": ["uploads"]}`),
		"210987654321/policies/uploads.json": []byte(`{"Version": "2012-10-17", "Statement": [
			{"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::media/*"}]}`),
	})
	if len(problems) > 0 {
		fmt.Println(problems)
		return
	}
	answer, err := snapshot.WhoCan(account.Query{Action: "s3:PutObject", Resource: "arn:aws:s3:::media/1.jpg"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range answer.Grants {
		if g.Who.Kind != iam.Root {
			fmt.Printf("%s: %s\n", g.Certainty, g)
		}
	}
	// Output:
	// always: role/deploy → policy/uploads Statement[0] (Write)
	// conditional: user/ci → role/deploy (user/ci/policies[0] Statement[0]) → policy/uploads Statement[0] (Write); if aws:MultiFactorAuthPresent Bool true
}
