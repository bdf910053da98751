package environ_test

import (
	"context"
	"fmt"

	"github.com/berth-project/berth/environ"
)

func ExampleResolve() {
	set, err := environ.Resolve(context.Background(), []environ.Source{
		environ.Inline{Label: "defaults", Values: map[string]string{"PORT": "8080", "GREETING": "hello"}},
		environ.Process{Environ: []string{"PORT=9090", "API_TOKEN=s3cr3t"}},
	}, environ.Options{Require: []string{"API_TOKEN"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range set.Variables() {
		fmt.Println(v.Name, v.Source, environ.Mask(v))
	}
	// Output:
	// GREETING defaults [1-7 bytes]
	// PORT process 9090
	// API_TOKEN process [1-7 bytes]
}

func ExampleExpand() {
	set := environ.NewSet()
	text, _ := environ.Expand("https://${HOST:-localhost}/$$", set)
	fmt.Println(text)
	_, err := environ.Expand("${DATABASE_URL}", set)
	fmt.Println(err)
	// Output:
	// https://localhost/$
	// ${DATABASE_URL} is not set
}

func ExampleParseDotenv() {
	_, problems := environ.ParseDotenv(".env", []byte("PASSWORD=correct horse\n"))
	fmt.Println(problems)
	// Output:
	// .env:1:17: blank in a value without quotes (put the value in single quotes; a comment begins with a blank and #)
}
