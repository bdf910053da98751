package lint

// Code describes one rule.
type Code struct {
	// Name is the stable code.
	Name     string   `json:"code"`
	Severity Severity `json:"severity"`
	Level    Level    `json:"level"`
	// Title is the rule in a few words.
	Title string `json:"title"`
	// Text explains what it means, why it matters and what to do.
	Text string `json:"text"`
}
