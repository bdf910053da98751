package adfs_test

import (
	"fmt"

	"github.com/berth-project/berth/iam/adfs"
)

// A rule that replaces the prefix of a group's name with an ARN, and an account
// whose roles have the prefix.
func Example() {
	rules, err := adfs.Parse(`
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", Issuer == "AD AUTHORITY"]
 => add(store = "Active Directory", types = ("http://temp/variable"), query = ";tokenGroups;{0}", param = c.Value);
c:[Type == "http://temp/variable", Value =~ "(?i)^AWS-"]
 => issue(Type = "https://aws.amazon.com/SAML/Attributes/Role", Value = RegExReplace(c.Value, "^AWS-", "arn:aws:iam::123456789012:saml-provider/AD,arn:aws:iam::123456789012:role/"));`)
	if err != nil {
		fmt.Println(err)
		return
	}
	user := adfs.User{Account: `CORP\jean`, Groups: []string{"AWS-PROD-ADMIN", "aws-prod-dev", "Staff"}}
	report, err := rules.Report(user, adfs.Account{Roles: []string{"AWS-PROD-ADMIN", "AWS-PROD-DEV"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range report.Groups {
		fmt.Print(g.Group, ":")
		for _, v := range g.Values {
			fmt.Print(" ", v.Value)
		}
		fmt.Println()
	}
	for _, f := range report.Findings {
		fmt.Printf("%s %q\n", f.Code, f.Group)
	}
	// Output:
	// AWS-PROD-ADMIN: arn:aws:iam::123456789012:saml-provider/AD,arn:aws:iam::123456789012:role/PROD-ADMIN
	// aws-prod-dev: aws-prod-dev
	// Staff:
	// no-session-name ""
	// open-names ""
	// prefix-consumed "AWS-PROD-ADMIN"
	// not-a-pair "aws-prod-dev"
	// case-mismatch "aws-prod-dev"
}
