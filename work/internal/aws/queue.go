package aws

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// region is what the name of a region has. It becomes a part of the host that is
// asked, with a signature: nothing else may stand there.
var region = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)

// IsRegion reports whether a text may be the name of a region: eu-west-1.
func IsRegion(text string) bool { return len(text) <= 40 && region.MatchString(text) }

// queuePath is /ACCOUNT/NAME. Patterns of the operator are compared with URLs as
// they are written, and a * stands for slashes too: a URL that says more would
// match one and name another queue.
var queuePath = regexp.MustCompile(`^/[0-9]{1,20}/[A-Za-z0-9_-]{1,80}(\.fifo)?$`)

// Queue is where a queue of SQS is asked for.
type Queue struct{ Region, Endpoint string }

// ParseQueue reads the URL of a queue: https://sqs.eu-west-1.amazonaws.com/123/q.
func ParseQueue(text string) (Queue, error) {
	u, err := url.Parse(text)
	if err != nil { // which may quote a password
		return Queue{}, errors.New("the URL of the queue cannot be read: want https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
	}
	if u.Scheme != "https" || u.User != nil || !queuePath.MatchString(u.EscapedPath()) || text != "https://"+u.Host+u.Path {
		return Queue{}, fmt.Errorf("%.200q is no queue: want https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", u.Redacted())
	}
	rest, isQueue := strings.CutPrefix(u.Host, "sqs.")
	name, domain, _ := strings.Cut(rest, ".")
	if !isQueue || !IsRegion(name) || domain != "amazonaws.com" && domain != "amazonaws.com.cn" {
		return Queue{}, fmt.Errorf("%.100s is not a host of SQS: want sqs.REGION.amazonaws.com", u.Host)
	}
	return Queue{Region: name, Endpoint: "https://" + u.Host}, nil
}
