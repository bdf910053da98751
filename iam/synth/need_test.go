package synth_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/synth"
)

var place = synth.Place{Account: "111122223333", Region: "eu-central-1"}

func TestFromNeedsWritesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	golden(t, "web", []synth.Need{
		{Resource: "bucket:media", Access: []string{"read", "write"}},
		{Resource: "bucket:uploads", Access: []string{"read"}, Name: "acme-uploads-prod", Prefix: "raw/"},
		{Resource: "queue:jobs", Access: []string{"send"}},
		{Resource: "table:surveys", Access: []string{"read", "write"}, Key: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		{Resource: "metric:Acme/App", Access: []string{"write"}},
		{Resource: "trace:default", Access: []string{"write"}},
	})
	golden(t, "worker", []synth.Need{
		{Resource: "queue:jobs", Access: []string{"receive"}},
		{Resource: "secret:acme/db", Access: []string{"read"}},
		{Resource: "parameter:/com/example/survey", Access: []string{"read"}},
		{Resource: "function:resize", Access: []string{"invoke"}},
		{Resource: "role:team/deploy", Access: []string{"pass"}, Service: "ecs-tasks.amazonaws.com"},
		{Resource: "arn:aws:sns:us-east-1:444455556666:alerts", Access: []string{"publish"}},
		{Resource: "log:/acme/app", Access: []string{"write"}},
	})
	golden(t, "deploy", []synth.Need{
		{Resource: "image:acme/app", Access: []string{"pull", "push"}},
		{Resource: "ingress:sg-0123456789abcdef0", Access: []string{"open"}},
		{Resource: "database:db-ABCDEFGHIJKL/app", Access: []string{"connect"}},
	})
	golden(t, "levels", []synth.Need{
		{Resource: "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0123456789abcdef0", Access: []string{"read"}},
		{Resource: "bucket:media", Access: []string{"s3:GetObjectTagging", "s3:GetBucketLocation"}},
	})
}

func TestFromNeedsIsTheSameWhateverTheOrder(t *testing.T) {
	t.Parallel()
	a := []synth.Need{
		{Resource: "queue:jobs", Access: []string{"send", "receive"}},
		{Resource: "bucket:media", Access: []string{"read"}},
	}
	b := []synth.Need{
		{Resource: "bucket:media", Access: []string{"read"}},
		{Resource: "queue:jobs", Access: []string{"receive"}},
		{Resource: "queue:jobs", Access: []string{"send"}},
	}
	if x, y := written(t, a), written(t, b); x != y {
		t.Errorf("the order of needs changes the policy:\n%s\n%s", x, y)
	}
}

func TestFromNeedsRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		need synth.Need
		want string
	}{
		{synth.Need{Resource: "bucket", Access: []string{"read"}}, "neither KIND:NAME nor an ARN"},
		{synth.Need{Resource: "bukket:media", Access: []string{"read"}}, "not a kind of resource"},
		{synth.Need{Resource: "bucket:*", Access: []string{"read"}}, "not the name of a bucket"},
		{synth.Need{Resource: "bucket:MyBucket", Access: []string{"read"}}, "not the name of a bucket"},
		{synth.Need{Resource: "queue:jobs", Access: nil}, "nothing is done with it"},
		{synth.Need{Resource: "queue:jobs", Access: []string{"read"}}, `"read" is not something that is done with it (words: send, receive`},
		{synth.Need{Resource: "queue:jobs", Access: []string{"sqs:SendMesage"}}, "did you mean sqs:SendMessage?"},
		{synth.Need{Resource: "queue:jobs", Access: []string{"s3:GetObject"}}, "is not done with such a resource"},
		{synth.Need{Resource: "queue:jobs", Access: []string{"send"}, Prefix: "x"}, "only a bucket takes a prefix"},
		{synth.Need{Resource: "bucket:media", Access: []string{"read"}, Prefix: "${aws:username}/"}, "a prefix is text"},
		{synth.Need{Resource: "role:deploy", Access: []string{"pass"}}, "needs the service it is passed to"},
		{synth.Need{Resource: "role:deploy", Access: []string{"assume"}, Service: "ec2.amazonaws.com"}, "only a role that is passed"},
		{synth.Need{Resource: "queue:jobs", Access: []string{"send"}, Key: "alias/jobs"}, "is not the ARN of a KMS key"},
		{synth.Need{Resource: "function:resize", Access: []string{"invoke"}, Key: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}, "a key has no meaning"},
		{synth.Need{Resource: "ingress:database", Access: []string{"open"}}, "the id, not the name"},
		{synth.Need{Resource: "queue:jobs", Access: []string{"send"}, Name: "arn:aws:s3:::media"}, "is not the ARN of a queue"},
		{synth.Need{Resource: "queue:" + strings.Repeat("x", 2000), Access: []string{"send"}}, "at most"},
		{synth.Need{Resource: "arn:aws:quicksight:eu-central-1:111122223333:dashboard/x", Access: []string{"read"}}, "are not known here"},
	} {
		_, err := synth.FromNeeds([]synth.Need{c.need}, place)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("FromNeeds(%+v) = %v, want an error with %q", c.need, err, c.want)
		}
	}
	_, err := synth.FromNeeds([]synth.Need{{Resource: "queue:jobs", Access: []string{"send"}, At: "berth.yaml:5:9"}}, synth.Place{Region: "eu-central-1"})
	if err == nil || err.Error() != "berth.yaml:5:9: queue:jobs: its ARN needs the account: say which" {
		t.Errorf("FromNeeds() without an account = %v", err)
	}
}

func TestFromNeedsSplitsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	var needs []synth.Need
	for _, name := range strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega") {
		needs = append(needs, synth.Need{Resource: "table:survey-answers-" + name, Access: []string{"read", "write", "scan"}})
	}
	r, err := synth.FromNeeds(needs, place)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Policies) < 2 || len(r.Notes) != 1 {
		t.Fatalf("FromNeeds() gives %d policies and notes %q, want several and a note", len(r.Policies), r.Notes)
	}
}

func FuzzSplitResource(f *testing.F) {
	f.Add("bucket:media")
	f.Add("arn:aws:sqs:eu-central-1:111122223333:jobs")
	f.Fuzz(func(t *testing.T, s string) {
		for _, word := range []string{"read", "send", "admin", "sqs:SendMessage"} {
			n := synth.Need{Resource: s, Access: []string{word}}
			if n.Validate() != nil {
				continue
			}
			if _, err := synth.FromNeeds([]synth.Need{n}, place); err != nil {
				t.Errorf("%q is valid and cannot be written: %v", s, err)
			}
		}
	})
}
