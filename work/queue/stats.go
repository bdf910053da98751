package queue

// Stats describes a queue.
type Stats struct {
	Config  Config `json:"-"`
	Waiting int    `json:"waiting"`
	Running int    `json:"running"`
	// Held runs wait for a cap, a key or a suspended tenant, not for their turn.
	Held int `json:"held"`
	// Tenants have runs waiting or in flight.
	Tenants int `json:"tenants"`
	// Rate is picks per second over the last minute.
	Rate float64 `json:"rate"`
	// Jain is Jain's index over what tenants that could run now were served
	// per weight in the last minute: 1 is perfectly even, 1/n is one has all.
	Jain float64 `json:"jain"`
	// Starved tenants could run, have waited over a minute and were not
	// served in the last one.
	Starved int `json:"starved"`
	// Picked counts picks since the queue was made; Aged those that went
	// before a better class because they had waited, Floored those because of
	// the floor.
	Picked  uint64 `json:"picked"`
	Aged    uint64 `json:"aged"`
	Floored uint64 `json:"floored"`
	// Classes are those with runs waiting or picked lately.
	Classes []ClassStats `json:"classes"`
	// Top are the tenants with the most runs waiting.
	Top []TenantStats `json:"top"`
}

// ClassStats describes a class: its runs by their own class, not by what they
// count as after ageing.
type ClassStats struct {
	Class   int `json:"class"`
	Waiting int `json:"waiting"`
	// How long runs picked in the last five to ten minutes had waited, in
	// milliseconds; within 10 %.
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
}

// TenantStats describes a tenant in a queue.
type TenantStats struct {
	Tenant  string  `json:"tenant"`
	Weight  float64 `json:"weight"`
	Waiting int     `json:"waiting"`
	Running int     `json:"running"`
	// Share is its part of the cost picked in the last minute, 0 to 1.
	Share float64 `json:"share"`
	// Oldest is since when its oldest run waits, in milliseconds.
	Oldest int64 `json:"oldest,omitempty"`
	// Held is why none of its runs can start; "" when one could.
	Held Reason `json:"held,omitempty"`
}
