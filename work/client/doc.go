// Package client speaks Berth's workflow API from other programs: it submits
// runs, reads and steers them, and executes steps as a worker. It needs
// nothing but the standard library.
//
//	c, err := client.New("https://work.example.com", os.Getenv("BERTH_WORK_KEY"))
//	receipt, err := c.Submit(ctx, client.Submission{
//		Workflow: "publish", Tenant: "acme", Params: map[string]any{"source": url}, IdempotencyKey: orderID,
//	})
//	run, err := c.Wait(ctx, receipt.ID)
//
// A worker executes the steps of a pool:
//
//	w := client.Worker{Client: c, Pool: "media", Concurrency: 4, Handlers: map[string]client.Handler{
//		"resize": func(ctx context.Context, t client.Task, r *client.Reporter) (any, error) { … },
//	}}
//	err := w.Run(ctx) // until ctx ends; what it has begun is finished first
//
// A step may be executed more than once, when a worker died or was too slow to
// report; its result is recorded once. Task.Key is the same for every attempt.
package client
