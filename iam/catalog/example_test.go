package catalog_test

import (
	"fmt"

	"github.com/berth-project/berth/iam/catalog"
)

func ExampleCatalog_Action() {
	a, ok := catalog.Default().Action("s3:getobject")
	if !ok {
		return
	}
	fmt.Println(a.FullName(), a.Access)
	for _, u := range a.Resources {
		fmt.Println(u.Resource.Type, u.Resource.Template)
	}
	// Output:
	// s3:GetObject Read
	// accesspointobject arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}/object/${ObjectName}
	// object arn:${Partition}:s3:::${BucketName}/${ObjectName}
}

func ExampleCatalog_Expand() {
	for _, a := range catalog.Default().Expand("dynamodb:*Table") {
		fmt.Println(a.FullName(), a.Access)
	}
	// Output:
	// dynamodb:CreateGlobalTable Write
	// dynamodb:CreateTable Write
	// dynamodb:DeleteTable Write
	// dynamodb:DescribeGlobalTable Read
	// dynamodb:DescribeTable Read
	// dynamodb:ImportTable Write
	// dynamodb:UpdateGlobalTable Write
	// dynamodb:UpdateTable Write
}

// s3:ListBucket is about buckets, and this pattern names objects.
func ExampleAction_Takes() {
	a, _ := catalog.Default().Action("s3:ListBucket")
	fmt.Println(a.Takes("arn:aws:s3:::media/*"))
	fmt.Println(a.Takes("arn:aws:s3:::media"))
	// Output:
	// false
	// true
}

func ExampleCatalog_Instead() {
	s, _ := catalog.Default().Instead("s3:HeadBucket")
	fmt.Println(s.Actions, s.Why)
	// Output: [s3:ListBucket] HeadBucket is a call; the permission it takes has another name
}

func ExampleCatalog_Call() {
	permissions, _, _ := catalog.Default().Call("S3.GetObject")
	for _, p := range permissions {
		fmt.Printf("%s on %s when %q\n", p.Action, p.Template, p.When)
	}
	// Output:
	// s3:GetObject on arn:${Partition}:s3:::${Bucket}/${Key} when ""
	// s3:GetObjectVersion on arn:${Partition}:s3:::${Bucket}/${Key} when "VersionId"
}
