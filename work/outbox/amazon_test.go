package outbox_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/internal/aws"
	"github.com/berth-project/berth/work/outbox"
)

const patience = 60 * time.Second

func keys(name string) string {
	return map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}[name]
}

func TestTargetsThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	to := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	a := outbox.NewAmazon(outbox.AmazonOptions{
		Getenv: keys, Endpoint: to, Targets: []string{"arn:aws:sns:*:1:ours-*", "arn:aws:events:eu-west-1:1:event-bus/b", "https://sqs.eu-west-1.amazonaws.com/1/*", "queue"},
	})
	t.Cleanup(a.Close)
	senders := outbox.Router{SNS: a.SNS(), SQS: a.SQS(), EventBridge: a.EventBridge()}
	for _, to := range []string{
		"sns:arn:aws:sns:eu-west-1:1:theirs", "sns:arn:aws:sns:eu-west-1:2:ours-1", "sqs:https://sqs.eu-west-1.amazonaws.com/2/q",
		"eventbridge:arn:aws:events:eu-west-1:1:event-bus/c", "sns:", "eventbridge:b",
	} {
		if err := senders.Send(t.Context(), event(to)); !outbox.Permanent(err) {
			t.Errorf("Send(%q) = %v, want it refused for good", to, err)
		}
	}
	regional := outbox.NewAmazon(outbox.AmazonOptions{Getenv: keys, Targets: []string{"*"}})
	t.Cleanup(regional.Close)
	senders = outbox.Router{SNS: regional.SNS(), SQS: regional.SQS(), EventBridge: regional.EventBridge()}
	for _, to := range []string{
		"sqs:https://evil.test/1/q", "sqs:http://sqs.eu-west-1.amazonaws.com/1/q", "sqs:https://sqs.eu-west-1.evil.test/1/q", "sqs:%zz",
		"sns:arn:aws:sqs:eu-west-1:1:q", "sns:arn:aws:sns::1:t", "eventbridge:default",
		"sns:arn:aws:sns:evil.test/x:1:t", "eventbridge:arn:aws:events:x@169.254.169.254/:1:event-bus/b", "sns:arn:aws:sns:eu-west-1:2:x:1:t",
		"sqs:https://sqs.eu-west-1.amazonaws.com/2/q?.amazonaws.com/1/q",
	} {
		if err := senders.Send(t.Context(), event(to)); !outbox.Permanent(err) {
			t.Errorf("Send(%q) = %v, want it refused for good", to, err)
		}
	}
}

func TestEventsOfARunAreAGroupInFIFOQueues(t *testing.T) {
	t.Parallel()
	var body string
	to := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		body = string(data)
	})
	a := outbox.NewAmazon(outbox.AmazonOptions{Getenv: keys, Endpoint: to, Targets: []string{"*"}})
	t.Cleanup(a.Close)
	for name, c := range map[string]struct {
		sender outbox.Sender
		to     string
		wants  []string
	}{
		"queue": {a.SQS(), "sqs:https://sqs.eu-west-1.amazonaws.com/1/q.fifo", []string{`"MessageGroupId":"r0000000000001"`, `"MessageDeduplicationId":"e-17"`}},
		"topic": {a.SNS(), "sns:arn:aws:sns:eu-west-1:1:t.fifo", []string{"MessageGroupId=r0000000000001", "MessageDeduplicationId=e-17"}},
	} {
		if err := c.sender.Send(t.Context(), event(c.to)); err != nil {
			t.Fatalf("%s: Send() = %v", name, err)
		}
		for _, want := range c.wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: body = %s, want %s in it", name, body, want)
			}
		}
	}
}

func TestABusMayRefuseOneEventOfASuccess(t *testing.T) {
	t.Parallel()
	for code, permanent := range map[string]bool{"InternalFailure": false, "ThrottlingException": false, "MalformedDetail": true} {
		to := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"`+code+`","ErrorMessage":"m"}]}`)
		})
		a := outbox.NewAmazon(outbox.AmazonOptions{Getenv: keys, Endpoint: to, Targets: []string{"*"}})
		err := a.EventBridge().Send(t.Context(), event("eventbridge:arn:aws:events:eu-west-1:1:event-bus/b"))
		if err == nil || outbox.Permanent(err) != permanent || !strings.Contains(err.Error(), code) {
			t.Errorf("Send() refused with %s = %v, permanent %v; want %v", code, err, outbox.Permanent(err), permanent)
		}
		a.Close()
	}
}

// emulator starts an emulation of Amazon Web Services that is not ours, or
// skips where there is none.
func emulator(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("moto_server")
	if err == nil {
		err = exec.Command(path, "--help").Run() // a shim is there without the program
	}
	if err != nil {
		if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no moto_server: SNS, SQS and EventBridge were NOT tested against an emulation")
		}
		t.Skip("SKIPPED: no moto_server on this machine, SNS, SQS and EventBridge were not tested against an emulation")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().(*net.TCPAddr)
	_ = free.Close()
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", strings.TrimPrefix(addr.String(), "127.0.0.1:"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	endpoint := "http://" + addr.String()
	for deadline := time.Now().Add(patience); ; {
		resp, err := http.Get(endpoint + "/moto-api/data.json")
		if err == nil {
			_ = resp.Body.Close()
			return endpoint
		}
		if time.Now().After(deadline) {
			t.Fatalf("the emulation does not answer: %v", err)
		}
		<-time.After(50 * time.Millisecond) // polled: it has no other way to say that it is ready
	}
}

// console makes the calls that set the stage.
type console struct {
	t        *testing.T
	endpoint string
	provider *aws.Provider
}

func (c console) call(service, contentType, target, body string) []byte {
	c.t.Helper()
	data, err := c.provider.Do(c.t.Context(), http.DefaultClient, aws.Call{
		Scope: aws.Scope{Region: "us-east-1", Service: service}, Endpoint: c.endpoint, ContentType: contentType, Target: target, Body: []byte(body),
	})
	if err != nil {
		c.t.Fatalf("%s %s: %v", service, target, err)
	}
	return data
}

func (c console) sqs(action string, in, out any) {
	c.t.Helper()
	body, _ := json.Marshal(in)
	if err := json.Unmarshal(c.call("sqs", "application/x-amz-json-1.0", "AmazonSQS."+action, string(body)), out); err != nil {
		c.t.Fatal(err)
	}
}

func (c console) sns(form url.Values, out any) {
	c.t.Helper()
	form.Set("Version", "2010-03-31")
	if err := xml.Unmarshal(c.call("sns", "application/x-www-form-urlencoded", "", form.Encode()), out); err != nil {
		c.t.Fatal(err)
	}
}

// queue creates a queue and returns its URL and ARN.
func (c console) queue(name string) (queueURL, arn string) {
	c.t.Helper()
	var created struct {
		QueueURL string `json:"QueueUrl"`
	}
	c.sqs("CreateQueue", map[string]any{"QueueName": name}, &created)
	return created.QueueURL, "arn:aws:sqs:us-east-1:123456789012:" + name
}

type message struct {
	Body              string
	MessageAttributes map[string]struct{ StringValue string }
}

func (c console) receive(queueURL string) message {
	c.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		var got struct{ Messages []message }
		c.sqs("ReceiveMessage", map[string]any{"QueueUrl": queueURL, "WaitTimeSeconds": 1, "MessageAttributeNames": []string{"All"}}, &got)
		if len(got.Messages) > 0 {
			return got.Messages[0]
		}
	}
	c.t.Fatalf("nothing arrived in %s", queueURL)
	return message{}
}

func TestEventsReachAnEmulationOfAmazon(t *testing.T) {
	t.Parallel()
	endpoint := emulator(t)
	c := console{t, endpoint, &aws.Provider{Getenv: keys}}
	a := outbox.NewAmazon(outbox.AmazonOptions{Getenv: keys, Endpoint: endpoint, Targets: []string{"*"}})
	t.Cleanup(a.Close)
	sent := event("")

	t.Run("SQS", func(t *testing.T) {
		queueURL, _ := c.queue("direct")
		sent := sent
		sent.To = "sqs:" + queueURL
		if err := a.SQS().Send(t.Context(), sent); err != nil {
			t.Fatalf("Send() = %v", err)
		}
		got := c.receive(queueURL)
		if got.Body != string(sent.Body) || got.MessageAttributes["event"].StringValue != "run.failed" || got.MessageAttributes["id"].StringValue != "e-17" {
			t.Errorf("received %+v", got)
		}
		sent.To = "sqs:" + queueURL + "-not-there"
		if err := a.SQS().Send(t.Context(), sent); err == nil || outbox.Permanent(err) {
			t.Errorf("Send() to a queue that is not there = %v, want an error that may pass", err)
		}
	})
	t.Run("SNS", func(t *testing.T) {
		queueURL, queueARN := c.queue("subscribed")
		var topic struct {
			ARN string `xml:"CreateTopicResult>TopicArn"`
		}
		c.sns(url.Values{"Action": {"CreateTopic"}, "Name": {"events"}}, &topic)
		var ignored struct{}
		c.sns(url.Values{"Action": {"Subscribe"}, "TopicArn": {topic.ARN}, "Protocol": {"sqs"}, "Endpoint": {queueARN}}, &ignored)
		sent := sent
		sent.To = "sns:" + topic.ARN
		if err := a.SNS().Send(t.Context(), sent); err != nil {
			t.Fatalf("Send() = %v", err)
		}
		var envelope struct {
			Message           string
			MessageAttributes map[string]struct{ Value string }
		}
		if err := json.Unmarshal([]byte(c.receive(queueURL).Body), &envelope); err != nil {
			t.Fatal(err)
		}
		if envelope.Message != string(sent.Body) || envelope.MessageAttributes["tenant"].Value != "acme" {
			t.Errorf("received %+v", envelope)
		}
	})
	t.Run("EventBridge", func(t *testing.T) {
		queueURL, queueARN := c.queue("ruled")
		const json11 = "application/x-amz-json-1.1"
		c.call("events", json11, "AWSEvents.CreateEventBus", `{"Name":"bus"}`)
		c.call("events", json11, "AWSEvents.PutRule", `{"Name":"rule","EventBusName":"bus","EventPattern":"{\"source\":[\"berth\"]}"}`)
		c.call("events", json11, "AWSEvents.PutTargets", `{"Rule":"rule","EventBusName":"bus","Targets":[{"Id":"1","Arn":"`+queueARN+`"}]}`)
		sent := sent
		sent.To = "eventbridge:arn:aws:events:us-east-1:123456789012:event-bus/bus"
		if err := a.EventBridge().Send(t.Context(), sent); err != nil {
			t.Fatalf("Send() = %v", err)
		}
		var got struct {
			Source     string          `json:"source"`
			DetailType string          `json:"detail-type"`
			Detail     json.RawMessage `json:"detail"`
			Time       time.Time       `json:"time"`
		}
		if err := json.Unmarshal([]byte(c.receive(queueURL).Body), &got); err != nil {
			t.Fatal(err)
		}
		var detail, want any
		_, _ = json.Unmarshal(got.Detail, &detail), json.Unmarshal(sent.Body, &want)
		if diff := cmp.Diff(want, detail); diff != "" || got.Source != "berth" || got.DetailType != "run.failed" || !got.Time.Equal(sent.At.Truncate(time.Second)) {
			t.Errorf("received %+v, detail (-want +got):\n%s", got, diff)
		}
	})
}
