package synth_test

import (
	"fmt"

	"github.com/berth-project/berth/iam/synth"
)

func ExampleFromNeeds() {
	r, err := synth.FromNeeds([]synth.Need{
		{Resource: "queue:jobs", Access: []string{"send"}},
	}, synth.Place{Account: "111122223333", Region: "eu-central-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := synth.Render(r.Policies, "survey-web", synth.JSON)
	fmt.Print(string(text))
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "QueueJobsSend",
	//       "Effect": "Allow",
	//       "Action": [
	//         "sqs:GetQueueUrl",
	//         "sqs:SendMessage"
	//       ],
	//       "Resource": "arn:aws:sqs:eu-central-1:111122223333:jobs"
	//     }
	//   ]
	// }
}

func ExampleForTrust() {
	p, err := synth.ForTrust(synth.Trust{
		OIDC:  &synth.OIDCTrust{Provider: "token.actions.githubusercontent.com", Subject: "repo:acme/app:*"},
		Place: synth.Place{Account: "111122223333"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range p.Statements[0].Conditions {
		fmt.Println(c.Operator, c.Key, c.Values[0].Text)
	}
	// Output:
	// StringEquals token.actions.githubusercontent.com:aud sts.amazonaws.com
	// StringLike token.actions.githubusercontent.com:sub repo:acme/app:*
}
