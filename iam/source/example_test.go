package source_test

import (
	"fmt"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

func ExampleFind() {
	const readme = `# Uploads

Attach this permissions boundary to the role:

{"Version": "2012-10-17",
 "Statement": [{"Effect": "Alow", "Action": "s3:PutObject", "Resource": "*"}]}
`
	file, err := source.Find("README.md", []byte(readme))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range file.Policies {
		_, problems := iam.Read(f.Text, iam.ParseOptions{Kind: f.Kind})
		for _, p := range problems {
			at := f.Position(p.Span.Start)
			fmt.Printf("%d:%d %s (%s): %s\n", at.Line, at.Column, f.Name, f.Kind, p.Code)
		}
	}
	// Output:
	// 6:27 Uploads (boundary): INVALID_EFFECT
}
