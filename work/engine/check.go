package engine

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/cron"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/expression"
)

var name = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:@/-]{0,199}$`)

func checkName(what string) error {
	if !name.MatchString(what) {
		return fmt.Errorf("name %.40q: 1 to 200 letters, digits and _.:@/- beginning with a letter, a digit or _", what)
	}
	return nil
}

func checkQueue(q work.Queue) error {
	if err := checkName(q.Name); err != nil {
		return err
	}
	switch q.Policy {
	case "", "fifo", "round-robin", "fair", "priority", "deadline":
	default:
		return fmt.Errorf("policy %.40q: fifo, round-robin, fair, priority or deadline", q.Policy)
	}
	if q.Match != "" {
		if _, err := expression.Compile(expression.Match, q.Match); err != nil {
			return fmt.Errorf("match: %w", err)
		}
	}
	if q.Priority != nil && (*q.Priority < 0 || *q.Priority > 9) {
		return fmt.Errorf("priority %d: 0, the most urgent, to 9", *q.Priority)
	}
	if q.Floor != nil && (*q.Floor < 0 || *q.Floor > 0.1) {
		return fmt.Errorf("floor %g: 0 to 0.1", *q.Floor)
	}
	if q.Concurrency.Runs < 0 || q.Concurrency.PerTenant < 0 || q.Concurrency.PerKey < 0 || q.Ageing < 0 {
		return errors.New("limits and times cannot be negative")
	}
	return shard.OrderOf(q).Validate()
}

func checkPool(p work.Pool) error {
	if p.Slots < 0 || p.PerKey < 0 || p.Lease < 0 {
		return errors.New("limits and times cannot be negative")
	}
	if lease := p.Lease.Std(); lease != 0 && (lease < time.Second || lease > 24*time.Hour) {
		return fmt.Errorf("lease %v: between 1s and 24h", lease)
	}
	if err := checkName(p.Name); err != nil {
		return err
	}
	return shard.SlotsOf(p).Validate()
}

func checkTenant(t work.Tenant) error {
	if t.Name == "" || len(t.Name) > 200 {
		return errors.New("name: 1 to 200 bytes")
	}
	if err := shard.OrderOfTenant(t).Validate(); err != nil {
		return err
	}
	if t.Running < 0 || t.Quota.Queued < 0 || t.Quota.Payload < 0 {
		return errors.New("limits cannot be negative")
	}
	if !(t.Quota.Rate == 0 || t.Quota.Rate >= 1e-4 && t.Quota.Rate <= 1e6) || t.Quota.Burst < 0 || t.Quota.Burst > 1e6 {
		return fmt.Errorf("quota.rate %g, quota.burst %d: a rate of 0.0001 to 1000000 runs a second, a burst of at most 1000000", t.Quota.Rate, t.Quota.Burst)
	}
	if t.Quota.Burst > 0 && t.Quota.Rate == 0 {
		return errors.New("quota.burst: it goes with quota.rate")
	}
	return nil
}

func checkSubscription(s work.Subscription) error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	for _, pattern := range s.Events {
		if why := workflow.NoEvent(pattern); why != "" {
			return fmt.Errorf("events: no event is called %.80q: %s", pattern, why)
		}
	}
	if slices.ContainsFunc([]string{"sns:", "sqs:", "eventbridge:"}, func(p string) bool { return strings.HasPrefix(s.To, p) && len(s.To) > len(p) }) {
		return nil
	}
	u, err := url.Parse(s.To)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fmt.Errorf("to %.80q: an http or https URL without credentials, sns:ARN, sqs:URL or eventbridge:BUS", s.To)
	}
	return nil
}

func checkTrigger(t work.Trigger) error {
	if err := checkName(t.Name); err != nil {
		return err
	}
	if t.Run.Tenant == "" {
		return errors.New("run.tenant: a trigger submits for one tenant")
	}
	if t.Run.Parent != 0 {
		return errors.New("run.parent: only the engine says whom a run works for")
	}
	switch {
	case t.Kind == "webhook" && t.Secret == "":
		return errors.New("secret: a webhook must be signed: name the secret it is signed with")
	case t.Kind == "sqs" && t.Queue == "":
		return errors.New("queue: the URL of the SQS queue")
	case t.Kind != "webhook" && t.Kind != "sqs":
		return fmt.Errorf("kind %.40q: webhook or sqs", t.Kind)
	}
	return nil
}

func checkSchedule(s work.Schedule) error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	if _, err := cron.Parse(s.Cron, s.TimeZone); err != nil {
		return err
	}
	if s.Missed != "" && !slices.Contains([]string{"skip", "latest", "all"}, s.Missed) {
		return fmt.Errorf("missed %.40q: skip, latest or all", s.Missed)
	}
	if s.Overlap != "" && !slices.Contains([]string{"allow", "skip", "queue-one", "cancel-running"}, s.Overlap) {
		return fmt.Errorf("overlap %.40q: allow, skip, queue-one or cancel-running", s.Overlap)
	}
	if s.Run.Tenant == "" {
		return errors.New("run.tenant: a schedule submits for one tenant")
	}
	if s.Run.Parent != 0 {
		return errors.New("run.parent: only the engine says whom a run works for")
	}
	return nil
}
