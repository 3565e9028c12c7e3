package jsonc

import (
	"testing"

	"github.com/dcverify/dcverify/verifier/source"
)

// Every row is what parse of jsonc-parser 3.3.1 gives for the text, as JSON.stringify writes it, and whether it has anything
// against it when trailing commas are allowed. It gives undefined where the result is empty.
func TestReadAsReference(t *testing.T) {
	for _, test := range []struct {
		text, want string
		tolerated  bool
	}{
		{`{}`, `{}`, false},
		{`[]`, `[]`, false},
		{`{"a":1,}`, `{"a":1}`, false},
		{`[1,]`, `[1]`, false},
		{`[1,,2]`, `[1,2]`, true},
		{`[,1]`, `[1]`, true},
		{`[1 2]`, `[1,2]`, true},
		{`{,}`, `{}`, true},
		{`{"a":1,,"b":2}`, `{"a":1,"b":2}`, true},
		{`{"a":1 "b":2}`, `{"a":1,"b":2}`, true},
		{`{"a"}`, `{}`, true},
		{`{"a":}`, `{}`, true},
		{`{"a" 1}`, `{}`, true},
		{`{"a":1 2,"b":3}`, `{"a":1,"b":3}`, true},
		{`{"a":{"b":1 "c"`, `{"a":{"b":1}}`, true},
		{`{"a":[1,{"b":[`, `{"a":[1,{"b":[]}]}`, true},
		{`{"a":1}}`, `{"a":1}`, true},
		{`{"a":1} {"a":2}`, `{"a":1}`, true},
		{`}{"a":1}`, ``, true},
		{`],`, ``, true},
		{`// only`, ``, true},
		{`/* only */`, ``, true},
		{`/* open`, ``, true},
		{`/*/`, ``, true},
		{`{"a":1 /* open`, `{"a":1}`, true},
		{`{"a":1}// end`, `{"a":1}`, false},
		{"// c\r{\"a\":1}", `{"a":1}`, false},
		{"{\"a\":1, // c\r\"b\":2\n}", `{"a":1,"b":2}`, false},
		{"{\"a\":1, // c\r\n\"b\":2}", `{"a":1,"b":2}`, false},
		{"{/**/\"a\"/*x*/:/*y*/1/*z*/,//\n}", `{"a":1}`, false},
		{`/ {"a":1}`, `{"a":1}`, true},
		{"# x\n{\"a\":1}", `{"a":1}`, true},
		{"\ufeff{\"a\":1}", `{"a":1}`, true},
		{"{\"a\":\u00a01}", `{}`, true},
		{"{\u00a0\"a\":1}", `{"a":1}`, true},
		{"{\"a\":1\u2028}", `{"a":1}`, true},
		{"\u2028{\"a\":1}", `{"a":1}`, true},
		{`{a:1}`, `{}`, true},
		{`{a:1,"b":2}`, `{"b":2}`, true},
		{`{'a':1,"b":2}`, `{"b":2}`, true},
		{`{"a":'x'}`, `{}`, true},
		{"{\"a\":`x`}", `{}`, true},
		{`{"a":x,"b":1}`, `{"b":1}`, true},
		{`{"a":true,"b":false,"c":null}`, `{"a":true,"b":false,"c":null}`, false},
		{`{"a":True}`, `{}`, true},
		{`{"a":truefalse}`, `{}`, true},
		{`{"a":true/false}`, `{"a":true}`, true},
		{`{"a":NaN}`, `{}`, true},
		{`{"a":Infinity,"b":1}`, `{"b":1}`, true},
		{`{"a":+1}`, `{}`, true},
		{`{"a":-}`, `{}`, true},
		{`{"a":-x}`, `{}`, true},
		{`{"a":--1}`, `{"a":-1}`, true},
		{`{"a":01}`, `{"a":0}`, true},
		{`{"a":-01}`, `{"a":0}`, true},
		{`{"a":0x1F}`, `{"a":0}`, true},
		{`{"a":1.}`, `{"a":1}`, true},
		{`{"a":1.,"b":2}`, `{"a":1,"b":2}`, true},
		{`{"a":.5}`, `{}`, true},
		{`{"a":1e}`, `{"a":1}`, true},
		{`{"a":1e+}`, `{"a":1}`, true},
		{`{"a":1e5x}`, `{"a":100000}`, true},
		{`{"a":1e3}`, `{"a":1000}`, false},
		{`{"a":1E21}`, `{"a":1e+21}`, false},
		{`{"a":1e-7}`, `{"a":1e-7}`, false},
		{`{"a":0.000001}`, `{"a":0.000001}`, false},
		{`{"a":-0}`, `{"a":0}`, false},
		{`{"a":1e400,"b":-1e400}`, `{"a":null,"b":null}`, false},
		{`{"a":5e-324,"b":1e-400}`, `{"a":5e-324,"b":0}`, false},
		{`{"a":12345678901234567890}`, `{"a":12345678901234567000}`, false},
		{`{"a":0.1000}`, `{"a":0.1}`, false},
		{`{"a":100000000000000000000,"b":1000000000000000000000}`, `{"a":100000000000000000000,"b":1e+21}`, false},
		{`{"a":"x}`, `{"a":"x}"}`, true},
		{"{\"a\":\"x\n\",\"b\":1}", `{"a":"x"}`, true},
		{"{\"a\":\"x\r\ny\",\"b\":1}", `{"a":"x"}`, true},
		{"{\"a\":\"x\ty\"}", `{"a":"x\ty"}`, true},
		{`{"a":"\q\x41"}`, `{"a":"41"}`, true},
		{`{"a":"\u00e4\u12\uzzzz"}`, `{"a":"äzzzz"}`, true},
		{`{"a":"\ud83d\ude00"}`, `{"a":"😀"}`, false},
		{`{"a":"\`, `{"a":""}`, true},
		{`{"a":"\"}`, `{"a":"\"}"}`, true},
		{`{"a":"\/\b\f\n\r\t\\\""}`, `{"a":"/\b\f\n\r\t\\\""}`, false},
		{"{\"a\":\"\\\\u2028 \u2028 <&>\"}", "{\"a\":\"\\\\u2028 \u2028 <&>\"}", false},
		{`{"a\u0062":1,"ab":2}`, `{"ab":2}`, false},
		{`{"a":1,"a":2}`, `{"a":2}`, false},
		{`{"a":{"b":1},"a":{"c":2}}`, `{"a":{"c":2}}`, false},
		{`{"b":1,"10":2,"9":3,"-1":4,"01":5,"4294967294":6,"4294967295":7}`, `{"9":3,"10":2,"4294967294":6,"b":1,"-1":4,"01":5,"4294967295":7}`, false},
		{`{"":1}`, `{"":1}`, false},
		{`null`, `null`, false},
		{`true`, `true`, false},
		{`"x"`, `"x"`, false},
		{`5`, `5`, false},
		{`x`, ``, true},
		{`"x" "y"`, `"x"`, true},
		{`[1,{"a":2},[3]]`, `[1,{"a":2},[3]]`, false},
		{`[[[]]]`, `[[[]]]`, false},
		{`{"a":[1,}`, `{"a":[1]}`, true},
		{`{"a":[1}`, `{"a":[1]}`, true},
		{`{"a":{]}`, `{"a":{}}`, true},
		{`[}]`, `[]`, true},
		{`{"a":{"b":1},{"c":2}`, `{"a":{"b":1}}`, true},
		{`{"a":"😀ä"}`, `{"a":"😀ä"}`, false},
	} {
		got, problems := Read(source.File{Name: "f", Text: test.text})
		if got.JSON() != test.want {
			t.Errorf("%q becomes %q, want %q", test.text, got.JSON(), test.want)
		}
		tolerated := false
		for _, p := range problems {
			tolerated = tolerated || p.Kind != "duplicate" // of which jsonc-parser says nothing
		}
		if tolerated != test.tolerated {
			t.Errorf("%q: %+v, and jsonc-parser reports %v", test.text, problems, test.tolerated)
		}
	}
}
