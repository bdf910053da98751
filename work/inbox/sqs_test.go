package inbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work/inbox"
	"github.com/berth-project/berth/work/internal/aws"
)

func keys(name string) string {
	return map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}[name]
}

func TestQueuesThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(server.Close)
	emulated := inbox.New(inbox.Options{Getenv: keys, Endpoint: server.URL, Queues: []string{"https://sqs.eu-west-1.amazonaws.com/1/*"}})
	regional := inbox.New(inbox.Options{Getenv: keys, Queues: []string{"*"}})
	t.Cleanup(emulated.Close)
	t.Cleanup(regional.Close)
	for _, c := range []struct {
		from  *inbox.SQS
		queue string
	}{
		{emulated, "https://sqs.eu-west-1.amazonaws.com/2/q"},
		{emulated, ""},
		{regional, "https://evil.test/1/q"},
		{regional, "http://sqs.eu-west-1.amazonaws.com/1/q"},
		{regional, "https://sqs.eu-west-1.evil.test/1/q"},
		{regional, "https://u:p@sqs.eu-west-1.amazonaws.com/1/q"},
		{regional, "https://sqs.eu-west-1.amazonaws.com:1/%zz"},
	} {
		if m, err := c.from.Receive(t.Context(), c.queue); err == nil {
			t.Errorf("Receive(%q) = %v, want an error", c.queue, m)
		} else if strings.Contains(err.Error(), "u:p@") {
			t.Errorf("Receive(%q) tells a password: %v", c.queue, err)
		}
		if err := c.from.Delete(t.Context(), c.queue, "r"); err == nil {
			t.Errorf("Delete(%q) succeeded, want an error", c.queue)
		}
	}
	if asked {
		t.Error("a server was asked")
	}
	if _, err := emulated.Receive(t.Context(), "other"); !errors.Is(err, inbox.ErrRefused) {
		t.Errorf("Receive() of a queue that is not listed = %v, want ErrRefused", err)
	}
}

func TestReceiveReadsWhatSQSAnswers(t *testing.T) {
	t.Parallel()
	answer, status := "", http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("X-Amz-Target"); got != "AmazonSQS.ReceiveMessage" {
			t.Errorf("X-Amz-Target = %q", got)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	s := inbox.New(inbox.Options{Getenv: keys, Endpoint: server.URL, Queues: []string{"*"}})
	t.Cleanup(s.Close)
	answer = `{"Messages":[{"MessageId":"m1","ReceiptHandle":"r1","Body":"{}","MessageAttributes":{"Kind":{"DataType":"String","StringValue":"a"},"Bin":{"DataType":"Binary","BinaryValue":"AA=="}}}]}`
	list, err := s.Receive(t.Context(), "q")
	if err != nil || len(list) != 1 || list[0].ID != "m1" || list[0].Receipt != "r1" || string(list[0].Body) != "{}" || len(list[0].Attributes) != 1 || list[0].Attributes["kind"] != "a" {
		t.Errorf("Receive() = %+v, %v", list, err)
	}
	answer = `{}`
	if list, err := s.Receive(t.Context(), "q"); err != nil || len(list) != 0 {
		t.Errorf("Receive() of an empty queue = %v, %v", list, err)
	}
	answer = `{"Messages":`
	if _, err := s.Receive(t.Context(), "q"); err == nil {
		t.Error("Receive() of half an answer succeeded")
	}
	answer, status = `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}`, http.StatusBadRequest
	if _, err := s.Receive(t.Context(), "q"); err == nil || !strings.Contains(err.Error(), "QueueDoesNotExist") {
		t.Errorf("Receive() = %v, want what SQS answered", err)
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
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no moto_server: reading SQS was NOT tested against an emulation")
		}
		t.Skip("SKIPPED: no moto_server on this machine, reading SQS was not tested against an emulation")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; {
		resp, err := http.Get("http://" + addr + "/moto-api/data.json")
		if err == nil {
			_ = resp.Body.Close()
			return "http://" + addr
		}
		if time.Now().After(deadline) {
			t.Fatalf("the emulation does not answer: %v", err)
		}
		<-time.After(50 * time.Millisecond) // polled: it has no other way to say that it is ready
	}
}

func TestMessagesAreReceivedUntilTheyAreDeleted(t *testing.T) {
	t.Parallel()
	endpoint := emulator(t)
	provider := &aws.Provider{Getenv: keys}
	call := func(action string, in any) map[string]any {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		data, err := provider.Do(t.Context(), http.DefaultClient, aws.Call{
			Scope: aws.Scope{Region: "us-east-1", Service: "sqs"}, Endpoint: endpoint,
			ContentType: "application/x-amz-json-1.0", Target: "AmazonSQS." + action, Body: body,
		})
		if err != nil {
			t.Fatalf("%s: %v", action, err)
		}
		out := map[string]any{}
		_ = json.Unmarshal(data, &out)
		return out
	}
	queue := call("CreateQueue", map[string]any{"QueueName": "events"})["QueueUrl"].(string)
	for i := range 3 {
		call("SendMessage", map[string]any{
			"QueueUrl": queue, "MessageBody": fmt.Sprintf(`{"n":%d}`, i),
			"MessageAttributes": map[string]any{"Kind": map[string]string{"DataType": "String", "StringValue": "push"}},
		})
	}
	s := inbox.New(inbox.Options{Getenv: keys, Endpoint: endpoint, Queues: []string{queue}, Visibility: time.Second})
	t.Cleanup(s.Close)
	seen := map[string]int{}
	var bodies []string
	for deadline := time.Now().Add(time.Minute); len(seen) < 3 || !slices.ContainsFunc(slices.Collect(values(seen)), func(n int) bool { return n > 1 }); {
		list, err := s.Receive(t.Context(), queue)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list { // what is not deleted comes again
			if seen[m.ID]++; seen[m.ID] == 1 {
				bodies = append(bodies, string(m.Body))
			}
			if m.Attributes["kind"] != "push" {
				t.Errorf("message %s has the attributes %v", m.ID, m.Attributes)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("messages were seen %v times", seen)
		}
	}
	if slices.Sort(bodies); !slices.Equal(bodies, []string{`{"n":0}`, `{"n":1}`, `{"n":2}`}) {
		t.Errorf("the bodies are %q", bodies)
	}
	for deleted := map[string]bool{}; len(deleted) < 3; {
		list, err := s.Receive(t.Context(), queue)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if err := s.Delete(t.Context(), queue, m.Receipt); err != nil {
				t.Fatal(err)
			}
			deleted[m.ID] = true
		}
	}
	attributes := call("GetQueueAttributes", map[string]any{"QueueUrl": queue, "AttributeNames": []string{"All"}})["Attributes"].(map[string]any)
	if left := attributes["ApproximateNumberOfMessages"]; left != "0" {
		t.Errorf("the queue has %v messages left", left)
	}
}

func values(m map[string]int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}
