package queue

// Reason is one thing that keeps a run from starting.
type Reason string

// Why runs wait. A run may have several; without any it only waits its turn.
const (
	QueuePaused     Reason = "queue-paused"
	QueueFull       Reason = "queue-cap"        // the queue has as many runs in flight as it may
	TenantSuspended Reason = "tenant-suspended" //
	TenantFull      Reason = "tenant-cap"       // the tenant, over all queues
	TenantQueueFull Reason = "tenant-queue-cap" // the tenant, in this queue
	KeyFull         Reason = "key-cap"          // others with the same concurrency key are in flight
)

// Explanation says why a run waits.
type Explanation struct {
	Queue  string `json:"queue"`
	Policy Policy `json:"policy"`
	Tenant string `json:"tenant"`
	// Reasons hold it whatever its place; none means it waits its turn.
	Reasons []Reason `json:"reasons,omitempty"`
	// Position is 1 for the run that is picked next. It counts what stands
	// before this one if nothing comes, ends or changes; where costs within a
	// tenant differ or several classes wait it is an estimate. It is 0 when a
	// reason holds the run.
	Position int `json:"position"`
	// TenantPosition is its place among its own tenant's runs of the class; 1
	// is first.
	TenantPosition int `json:"tenantPosition"`
	// TenantsAhead is how many other tenants have a run before it.
	TenantsAhead int `json:"tenantsAhead"`
	// KeyPosition is its place among the runs with its key that wait, when
	// its key holds it.
	KeyPosition int `json:"keyPosition,omitempty"`
	// Class is its own, Effective what it counts as after ageing; RisesAt is
	// when that becomes one better, 0 for never.
	Class     int   `json:"class"`
	Effective int   `json:"effective"`
	RisesAt   int64 `json:"risesAt,omitempty"`
	// QueueRunning of QueueCap runs are in flight, and so on; a cap of 0 is
	// none.
	QueueRunning       int `json:"queueRunning"`
	QueueCap           int `json:"queueCap,omitempty"`
	TenantRunning      int `json:"tenantRunning"`
	TenantCap          int `json:"tenantCap,omitempty"`
	TenantQueueRunning int `json:"tenantQueueRunning"`
	TenantQueueCap     int `json:"tenantQueueCap,omitempty"`
	KeyRunning         int `json:"keyRunning,omitempty"`
	KeyCap             int `json:"keyCap,omitempty"`
	// Waited is how long it has waited; Expected how long it still will at
	// the rate of the last minute, -1 when nothing tells. Milliseconds.
	Waited   int64 `json:"waited"`
	Expected int64 `json:"expected"`
}
