package builtin

import (
	"sync"

	"github.com/berth-project/berth/workflow/expression"
)

// maxPrograms bounds how many compiled expressions are kept. When there are
// more all are forgotten: documents are few, and what is used comes back.
const maxPrograms = 1000

// programs keeps compiled expressions: compiling one takes twenty times as long
// as evaluating it.
type programs struct {
	mu     sync.Mutex // guards byText
	byText map[string]*expression.Program
}

// compile returns the program of an expression.
func (p *programs) compile(text string) (*expression.Program, error) {
	p.mu.Lock()
	program, known := p.byText[text]
	p.mu.Unlock()
	if known {
		return program, nil
	}
	program, err := expression.Compile(expression.Transform, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byText == nil || len(p.byText) >= maxPrograms {
		p.byText = map[string]*expression.Program{}
	}
	p.byText[text] = program
	return program, nil
}
