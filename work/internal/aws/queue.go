package aws

import (
	"fmt"
	"strings"
)

// QueueRegion returns the region of the host of a queue of SQS:
// sqs.eu-west-1.amazonaws.com. The error is about every other host.
func QueueRegion(host string) (string, error) {
	rest, isQueue := strings.CutPrefix(host, "sqs.")
	region, domain, _ := strings.Cut(rest, ".")
	if !isQueue || domain != "amazonaws.com" && domain != "amazonaws.com.cn" {
		return "", fmt.Errorf("%.100s is not a host of SQS: want sqs.REGION.amazonaws.com", host)
	}
	return region, nil
}
