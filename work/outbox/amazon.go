package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/internal/glob"
	"github.com/berth-project/berth/work/internal/aws"
)

// AmazonOptions is what the operator allows of Amazon Web Services. The zero
// value allows nothing.
type AmazonOptions struct {
	// Targets are patterns, with *, of the ARNs of topics and buses and the
	// URLs of queues that events may be sent to. Berth sends with rights of its
	// own: without this list whoever may name a destination would have them.
	Targets []string
	// Endpoint is asked in place of the regional ones; for emulators.
	Endpoint string
	// Timeout is how long a call may take. Default 10s.
	Timeout time.Duration
	// Getenv is where credentials are looked up: AWS_ACCESS_KEY_ID and the
	// others that the SDKs know, for ECS, EKS and EC2 too. Default os.Getenv.
	Getenv func(string) string
}

// Amazon sends events to SNS, SQS and EventBridge. One is enough for all three:
// its methods SNS, SQS and EventBridge return the senders.
type Amazon struct {
	opts     AmazonOptions
	provider *aws.Provider
	client   *http.Client
}

const (
	amazonTimeout = 10 * time.Second
	// source is the source of events on a bus.
	source = "berth"
)

// NewAmazon returns what the senders share. It opens no connection.
func NewAmazon(opts AmazonOptions) *Amazon {
	if opts.Timeout <= 0 {
		opts.Timeout = amazonTimeout
	}
	return &Amazon{opts, &aws.Provider{Getenv: opts.Getenv}, &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			Proxy:               http.ProxyFromEnvironment, // the operator's, as for every SDK
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 5 * time.Second,
			IdleConnTimeout:     30 * time.Second,
			MaxIdleConnsPerHost: 16,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes the connections that are kept for the next event.
func (a *Amazon) Close() { a.client.CloseIdleConnections() }

// SenderFunc makes a function a [Sender].
type SenderFunc func(ctx context.Context, event Event) error

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, event Event) error { return f(ctx, event) }

// SNS returns the sender for "sns:" and the ARN of a topic: the event's body is
// the message, its kind, tenant and id are attributes. On a FIFO topic the
// events of a run are a group, of which one is received at a time, in the order
// in which they were sent; one that is sent again soon is dropped.
func (a *Amazon) SNS() Sender { return SenderFunc(a.publish) }

// SQS returns the sender for "sqs:" and the URL of a queue, with the same
// attributes and the same groups.
func (a *Amazon) SQS() Sender { return SenderFunc(a.sendMessage) }

// EventBridge returns the sender for "eventbridge:" and the ARN of a bus: the
// body is the event's detail, its kind the detail's type, its source "berth".
func (a *Amazon) EventBridge() Sender { return SenderFunc(a.putEvents) }

// target returns what an event's To names, if it may.
func (a *Amazon) target(event Event, scheme string) (string, error) {
	name, ok := strings.CutPrefix(event.To, scheme+":")
	if !ok {
		return "", permanent("destination %.100q: want %s:…", event.To, scheme)
	}
	for _, pattern := range a.opts.Targets {
		if glob.Match(pattern, name) {
			return name, nil
		}
	}
	return "", permanent("destination %.200q is not allowed here: the operator lists what events may be sent to", event.To)
}

// region returns the region of an ARN of a service.
func region(name, service string) (string, error) {
	parts, n := arn.Split(name)
	if n != len(parts) || parts[0] != "arn" || parts[2] != service || !aws.IsRegion(parts[3]) || strings.Contains(parts[5], ":") {
		return "", permanent("destination %.200q: want arn:aws:%s:REGION:ACCOUNT:NAME", name, service)
	}
	return parts[3], nil
}

func (a *Amazon) call(ctx context.Context, call aws.Call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	if call.Endpoint == "" {
		call.Endpoint = aws.Endpoint(call.Service, call.Region)
	}
	if a.opts.Endpoint != "" {
		call.Endpoint = a.opts.Endpoint
	}
	data, err := a.provider.Do(ctx, a.client, call)
	if err != nil {
		return nil, &Error{Permanent: !aws.Temporary(err), Err: fmt.Errorf("%s in %s: %w", call.Service, call.Region, err)}
	}
	return data, nil
}

// publish is the action Publish of the Amazon SNS API Reference.
func (a *Amazon) publish(ctx context.Context, event Event) error {
	topic, err := a.target(event, "sns")
	if err != nil {
		return err
	}
	where, err := region(topic, "sns")
	if err != nil {
		return err
	}
	form := url.Values{"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {topic}, "Message": {string(event.Body)}}
	for i, attribute := range attributes(event) {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", i+1)
		form.Set(entry+"Name", attribute.name)
		form.Set(entry+"Value.DataType", "String")
		form.Set(entry+"Value.StringValue", attribute.value)
	}
	if strings.HasSuffix(topic, ".fifo") {
		form.Set("MessageGroupId", event.Run)
		form.Set("MessageDeduplicationId", event.ID)
	}
	_, err = a.call(ctx, aws.Call{
		Scope: aws.Scope{Region: where, Service: "sns"}, ContentType: "application/x-www-form-urlencoded; charset=utf-8", Body: []byte(form.Encode()),
	})
	return err
}

type attribute struct{ name, value string }

// attributes are what a subscriber can filter by; one without a value is not
// allowed.
func attributes(event Event) []attribute {
	var all []attribute
	for _, one := range []attribute{{"event", event.Kind}, {"tenant", event.Tenant}, {"id", event.ID}} {
		if one.value != "" {
			all = append(all, one)
		}
	}
	return all
}

// sendMessage is the action SendMessage of the Amazon SQS API Reference.
func (a *Amazon) sendMessage(ctx context.Context, event Event) error {
	queue, err := a.target(event, "sqs")
	if err != nil {
		return err
	}
	where, err := aws.ParseQueue(queue)
	switch {
	case err != nil && a.opts.Endpoint == "":
		return permanent("destination: %w", err)
	case err != nil: // an emulator has names of its own
		where.Region = "us-east-1"
	}
	type value struct{ DataType, StringValue string }
	message := struct {
		QueueURL               string `json:"QueueUrl"`
		MessageBody            string
		MessageAttributes      map[string]value
		MessageGroupID         string `json:"MessageGroupId,omitempty"`
		MessageDeduplicationID string `json:"MessageDeduplicationId,omitempty"`
	}{QueueURL: queue, MessageBody: string(event.Body), MessageAttributes: map[string]value{}}
	for _, one := range attributes(event) {
		message.MessageAttributes[one.name] = value{"String", one.value}
	}
	if strings.HasSuffix(queue, ".fifo") {
		message.MessageGroupID, message.MessageDeduplicationID = event.Run, event.ID
	}
	body, err := json.Marshal(message)
	if err != nil {
		return permanent("sqs: %w", err)
	}
	_, err = a.call(ctx, aws.Call{
		Scope: aws.Scope{Region: where.Region, Service: "sqs"}, Endpoint: where.Endpoint,
		ContentType: "application/x-amz-json-1.0", Target: "AmazonSQS.SendMessage", Body: body,
	})
	return err
}

// putEvents is the action PutEvents of the Amazon EventBridge API Reference.
func (a *Amazon) putEvents(ctx context.Context, event Event) error {
	bus, err := a.target(event, "eventbridge")
	if err != nil {
		return err
	}
	where, err := region(bus, "events")
	if err != nil {
		return err
	}
	type entry struct {
		Source, DetailType, Detail, EventBusName string
		Time                                     float64
	}
	body, err := json.Marshal(map[string][]entry{"Entries": {{
		source, event.Kind, string(event.Body), bus, float64(event.At.UnixMilli()) / 1000,
	}}})
	if err != nil {
		return permanent("eventbridge: %w", err)
	}
	data, err := a.call(ctx, aws.Call{
		Scope: aws.Scope{Region: where, Service: "events"}, ContentType: "application/x-amz-json-1.1",
		Target: "AWSEvents.PutEvents", Body: body,
	})
	if err != nil {
		return err
	}
	// One entry may be refused in an answer that is a success as a whole.
	var answer struct {
		FailedEntryCount int
		Entries          []struct{ ErrorCode, ErrorMessage string }
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("eventbridge in %s: the answer is not JSON: %w", where, err)
	}
	if answer.FailedEntryCount == 0 || len(answer.Entries) == 0 {
		return nil
	}
	failure := &aws.Error{Status: http.StatusBadRequest, Code: answer.Entries[0].ErrorCode, Message: answer.Entries[0].ErrorMessage}
	return &Error{Permanent: !aws.Temporary(failure), Err: fmt.Errorf("eventbridge in %s: %w", where, failure)}
}
