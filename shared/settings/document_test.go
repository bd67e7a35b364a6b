package settings

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzReadDocument: what is read is what encoding/json reads.
func FuzzReadDocument(f *testing.F) {
	f.Add(` { "a" : [ 1 , -2.5e+3 , true , false , null , "" ] , "b\"\\\u00fc\n" : { } , "a" : "x,:]}" } `)
	f.Add("{\"\":{\"\":[[],{}]},\r\n\t\"c\":0}")
	f.Fuzz(func(t *testing.T, document string) {
		root, faults := readDocument([]byte(document))
		if len(faults) > 0 {
			return
		}
		decoder := json.NewDecoder(strings.NewReader(document))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plain(root)); diff != "" {
			t.Errorf("%s (-encoding/json +read):\n%s", document, diff)
		}
	})
}

func plain(n node) any {
	switch n.kind {
	case kindText:
		return n.text
	case kindNumber:
		return json.Number(n.text)
	case kindFlag:
		return n.text == "true"
	case kindList:
		list := []any{}
		for _, entry := range n.items {
			list = append(list, plain(entry))
		}
		return list
	case kindSection:
		section := map[string]any{}
		for _, m := range n.members {
			section[m.name] = plain(m.value)
		}
		return section
	}
	return nil
}
