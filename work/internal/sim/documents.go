package sim

import "github.com/berth-project/berth/workflow"

// heavyType and lightType are the types of all steps that somebody executes;
// an engine executes light ones without the slots of the others.
const heavyType, lightType = "t", "l"

var leafTypes = []string{heavyType, lightType}

// documents are what the histories run.
var documents = []string{
	`{"name":"fan","attempts":50,"steps":[{"name":"a","run":"t"},{"name":"b","run":"t","needs":["a"]},{"name":"c","run":"l","needs":["a"]}]}`,
	`{"name":"retry","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"2s"}},
	  {"name":"b","run":"t","needs":["a"],"timeout":"40s","retry":{"max":100,"backoff":"1s","jitter":0.5}}],
	  "finally":[{"name":"z","run":"t","retry":{"max":100,"backoff":"1s"}}]}`,
	`{"name":"each","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"1s"}},
	  {"name":"b","run":"t","needs":["a"],"retry":{"max":100,"backoff":"1s"},"for-each":{"in":[1,2,3],"limit":2}},
	  {"name":"w","run":"wait","needs":["a"],"with":{"for":"3s"}},{"name":"l","run":"l"}]}`,
	`{"name":"parent","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"1s"}},
	  {"name":"sub","run":"workflow","needs":["a"],"with":{"workflow":"fan"},"retry":{"max":100,"backoff":"1s"}}]}`,
	`{"name":"now","attempts":50,"steps":[{"name":"a","run":"wait","with":{"for":"0s"}},{"name":"b","run":"t","needs":["a"],"when":"false"}]}`,
	`{"name":"kids","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"1s"}},
	  {"name":"sub","run":"workflow","needs":["a"],"for-each":{"in":[1,2,3],"limit":2},"timeout":"60s","with":{"workflow":"fan"},
	   "retry":{"max":100,"backoff":"1s"}}],"finally":[{"name":"z","run":"t","retry":{"max":100,"backoff":"1s"}}]}`,
	`{"name":"nap","attempts":50,"steps":[{"name":"a","run":"t","slots":2},{"name":"b","run":"t"},
	  {"name":"w","run":"wait","with":{"signal":"go"}},{"name":"c","run":"t","needs":["a","b","w"]}]}`,
	`{"name":"one","steps":[{"name":"a","run":"t"}]}`,
	`{"name":"rest","steps":[{"name":"a","run":"t"},{"name":"l","run":"l","needs":["a"]},
	  {"name":"w","run":"wait","needs":["l"],"with":{"for":"200ms"}},{"name":"b","run":"t","needs":["w"]}]}`,
}

// Plans compiles the documents once for all histories.
func Plans() ([]*workflow.Plan, error) {
	plans := make([]*workflow.Plan, len(documents))
	for i, text := range documents {
		plan, err := workflow.Load("document", []byte(text))
		if err != nil {
			return nil, err
		}
		plans[i] = plan
	}
	return plans, nil
}

// called gives the plan of a document by name.
func (w *world) called(name string) *workflow.Plan {
	for _, p := range w.plans {
		if p.Document().Name == name {
			return p
		}
	}
	return nil
}
