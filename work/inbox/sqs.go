// Package inbox reads the queues of triggers: each message starts a run. It
// implements [engine.Source] for SQS.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/internal/glob"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/internal/aws"
)

// Options is what the operator allows. The zero value allows nothing.
type Options struct {
	// Queues are patterns, with *, of the URLs of queues that triggers may
	// read. Berth reads with rights of its own: without this list whoever may
	// make a trigger would have them.
	Queues []string
	// Endpoint is asked in place of the regional ones; for emulators.
	Endpoint string
	// Visibility is how long a message that was received is kept from others,
	// until its run is durable. Default 1m.
	Visibility time.Duration
	// Getenv is where credentials are looked up: AWS_ACCESS_KEY_ID and the
	// others that the SDKs know, for ECS, EKS and EC2 too. Default os.Getenv.
	Getenv func(string) string
}

// SQS reads queues of Amazon SQS.
type SQS struct {
	opts     Options
	provider *aws.Provider
	client   *http.Client
}

const (
	defaultVisibility = time.Minute
	longPoll          = 20 * time.Second // the most that SQS waits
	batch             = 10               // the most that SQS gives
	callTimeout       = 10 * time.Second
	// maxAnswer is what ten messages of the largest size may have, in bytes.
	maxAnswer = 64 << 20
)

// ErrRefused says that the operator does not allow a queue.
var ErrRefused = errors.New("the operator lists the queues that triggers may read, and this is not one of them")

// New returns what reads queues. It opens no connection.
func New(opts Options) *SQS {
	if opts.Visibility <= 0 {
		opts.Visibility = defaultVisibility
	}
	return &SQS{opts, &aws.Provider{Getenv: opts.Getenv}, &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			Proxy:               http.ProxyFromEnvironment, // the operator's, as for every SDK
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 5 * time.Second,
			IdleConnTimeout:     time.Minute,
			MaxIdleConnsPerHost: 16,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes the connections that are kept for the next message.
func (s *SQS) Close() { s.client.CloseIdleConnections() }

// Receive is the action ReceiveMessage of the Amazon SQS API Reference. It
// waits up to 20 seconds for the first message.
func (s *SQS) Receive(ctx context.Context, queue string) ([]engine.Message, error) {
	data, err := s.call(ctx, queue, "ReceiveMessage", longPoll+callTimeout, map[string]any{
		"QueueUrl": queue, "MaxNumberOfMessages": batch, "WaitTimeSeconds": int(longPoll.Seconds()),
		"VisibilityTimeout": int(s.opts.Visibility.Seconds()), "MessageAttributeNames": []string{"All"},
	})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Messages []message
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("receive from %.200s: the answer is not JSON: %w", queue, err)
	}
	list := make([]engine.Message, 0, len(answer.Messages))
	for _, m := range answer.Messages {
		list = append(list, m.message())
	}
	return list, nil
}

// message is one as SQS gives it.
type message struct {
	MessageID         string `json:"MessageId"`
	ReceiptHandle     string
	Body              string
	MessageAttributes map[string]struct{ StringValue *string }
}

func (m message) message() engine.Message {
	out := engine.Message{ID: m.MessageID, Body: []byte(m.Body), Attributes: map[string]string{}, Receipt: m.ReceiptHandle}
	for name, v := range m.MessageAttributes {
		if v.StringValue != nil { // what is binary has no text
			out.Attributes[strings.ToLower(name)] = *v.StringValue
		}
	}
	return out
}

// Delete is the action DeleteMessage of the Amazon SQS API Reference.
func (s *SQS) Delete(ctx context.Context, queue, receipt string) error {
	_, err := s.call(ctx, queue, "DeleteMessage", callTimeout, map[string]any{"QueueUrl": queue, "ReceiptHandle": receipt})
	return err
}

func (s *SQS) call(ctx context.Context, queue, action string, timeout time.Duration, in map[string]any) ([]byte, error) {
	if !slices.ContainsFunc(s.opts.Queues, func(pattern string) bool { return glob.Match(pattern, queue) }) {
		return nil, fmt.Errorf("queue %.200q: %w", queue, ErrRefused)
	}
	where := aws.Queue{Region: "us-east-1", Endpoint: s.opts.Endpoint}
	if where.Endpoint == "" {
		var err error
		if where, err = aws.ParseQueue(queue); err != nil {
			return nil, fmt.Errorf("queue: %w", err)
		}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	data, err := s.provider.Do(ctx, s.client, aws.Call{
		Scope: aws.Scope{Region: where.Region, Service: "sqs"}, Endpoint: where.Endpoint,
		ContentType: "application/x-amz-json-1.0", Target: "AmazonSQS." + action, Body: body, MaxAnswer: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("sqs %s %.200s: %w", action, queue, err)
	}
	return data, nil
}
