package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/berth-project/berth/iam/account"
)

const accountNumber = "210987654321"

// export is the output of get-account-authorization-details of an account with
// many roles: each with a trust policy, a policy of its own and a managed one;
// every tenth may be assumed by another, every hundredth has what is asked for.
func export(roles int) (map[string][]byte, error) {
	type object = map[string]any
	document := func(statement object) object {
		return object{"Version": "2012-10-17", "Statement": []object{statement}}
	}
	role := func(i int) string { return fmt.Sprintf("arn:aws:iam::%s:role/app-%d", accountNumber, i) }
	managed := "arn:aws:iam::" + accountNumber + ":policy/base"
	var list []object
	for i := range roles {
		trust := object{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": "ecs-tasks.amazonaws.com"}}
		own := object{"Effect": "Allow", "Action": []string{"sqs:SendMessage", "sqs:GetQueueUrl"}, "Resource": fmt.Sprintf("arn:aws:sqs:us-east-1:%s:queue-%d", accountNumber, i)}
		switch {
		case i%100 == 0:
			own = object{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}
			trust["Principal"] = object{"AWS": role(i + 5)}
		case i%10 == 5:
			own = object{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role(i - i%100)}
		}
		list = append(list, object{
			"RoleName": fmt.Sprint("app-", i), "RoleId": fmt.Sprint("AROA", i), "Arn": role(i), "Path": "/",
			"AssumeRolePolicyDocument": document(trust),
			"RolePolicyList":           []object{{"PolicyName": "own", "PolicyDocument": document(own)}},
			"AttachedManagedPolicies":  []object{{"PolicyName": "base", "PolicyArn": managed}},
		})
	}
	base := document(object{"Effect": "Allow", "Action": []string{"xray:PutTraceSegments", "ssm:GetParameter*"}, "Resource": "*"})
	data, err := json.Marshal(object{
		"RoleDetailList": list, "UserDetailList": []object{}, "GroupDetailList": []object{},
		"Policies": []object{{"PolicyName": "base", "Arn": managed, "PolicyVersionList": []object{{"IsDefaultVersion": true, "Document": base}}}},
	})
	return map[string][]byte{"details.json": data}, err
}

// accounts times the loading of an account and one answer about all of it. No
// peer on the machine answers such a question.
func accounts(ctx context.Context, w io.Writer, roles, rounds int) error {
	files, err := export(roles)
	if err != nil {
		return err
	}
	var loading, answering []float64
	grants := 0
	for range rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := time.Now()
		snapshot, problems := account.Read(files)
		if len(problems) > 0 {
			return problems
		}
		loaded := time.Now()
		answer, err := snapshot.WhoCan(account.Query{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/1.jpg"})
		if err != nil {
			return err
		}
		answered := time.Now()
		loading = append(loading, loaded.Sub(begin).Seconds())
		answering = append(answering, answered.Sub(loaded).Seconds())
		grants = len(answer.Grants)
	}
	// Each hundredth role has the action, and one more reaches it.
	if want := roles / 100 * 2; grants < want {
		return fmt.Errorf("%d principals can, want at least %d", grants, want)
	}
	fmt.Fprintf(w, "\n### account: %d roles\n\n| what | ms (least–most) |\n|---|---:|\n", roles)
	for _, row := range []struct {
		name  string
		times []float64
	}{{"load an export", loading}, {fmt.Sprintf("who can, first question (%d can)", grants), answering}} {
		fmt.Fprintf(w, "| %s | %.0f (%.0f–%.0f) |\n", row.name, 1e3*median(row.times), 1e3*slices.Min(row.times), 1e3*slices.Max(row.times))
	}
	return nil
}
