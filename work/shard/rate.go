package shard

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/berth-project/berth/work"
)

// rates are the token buckets of the tenants whose submissions are limited by
// time. Of each bucket one number is kept: when, in milliseconds since 1970,
// it will be full again (the generic cell rate algorithm).
type rates map[string]float64

// tooFast takes a token for a submission, or says when there will be one. It
// is the last thing asked: what is refused, or was there already, costs none.
// Sub-workflows cost none either: whom they work for was let in.
func (c *Core) tooFast(in *Intake) *work.Problem {
	tenant := in.Submission.Tenant
	quota := c.settings.Tenants[tenant].Quota
	if quota.Rate <= 0 {
		delete(c.rates, tenant)
		return nil
	}
	if in.Submission.Parent != 0 {
		return nil
	}
	burst := float64(quota.Burst)
	if quota.Burst == 0 {
		burst = max(1, math.Ceil(quota.Rate))
	}
	if c.rates == nil {
		c.rates = rates{}
	}
	wait := c.rates.take(tenant, float64(c.now), quota.Rate, burst)
	if wait == 0 {
		return nil
	}
	return work.NewProblem(http.StatusTooManyRequests, &work.RateError{
		After: time.Duration(math.Ceil(wait)) * time.Millisecond,
		Why:   fmt.Sprintf("tenant %q may submit %g runs a second, and %g at once", tenant, quota.Rate, burst),
	})
}

// take takes a token of a bucket that gets rate of them a second and holds up
// to burst; it answers 0, or in how many milliseconds there will be one.
func (r rates) take(tenant string, now, rate, burst float64) (wait float64) {
	each := 1000 / rate
	full := min(max(r[tenant], now), now+burst*each) // when the limit was raised: empty, not less
	if wait = full + each - now - burst*each; wait > 1e-6 {
		return wait
	}
	r[tenant] = full + each
	return 0
}
