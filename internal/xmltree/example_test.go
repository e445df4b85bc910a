package xmltree_test

import (
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/xmltree"
)

func ExampleParse() {
	for _, text := range []string{
		`<p:user xmlns:p="urn:example" p:role='admin'>Alice &amp; Bob</p:user>`,
		`<user>alice@corp<!-- -->.example</user>`,
	} {
		doc, err := xmltree.Parse(text, xmltree.Message)
		if refused, ok := errors.AsType[*xmltree.Error](err); ok {
			fmt.Println(refused.Code, refused.Offset)
			continue
		}
		name, _ := doc.Root().Leaf()
		role, _ := doc.Root().AttrNS("urn:example", "role")
		fmt.Println(name, role)
	}
	// Output:
	// Alice & Bob admin
	// xml.comment 16
}
