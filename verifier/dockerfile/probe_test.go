package dockerfile
import ("testing";"encoding/json";"fmt";"os"
"github.com/dcverify/dcverify/verifier/source")
func TestProbe(t *testing.T) {
	text, _ := os.ReadFile("/tmp/bk/probe.txt")
	f := Parse(source.File{Name:"Dockerfile", Text:string(text)})
	b := f.Build(Options{Base: func(r string)(Base,bool){ return Base{Env: []string{"PATH=/bin"}}, r=="known"}})
	j,_ := json.MarshalIndent(b,""," ")
	fmt.Println(string(j))
	for _, s := range b.Stages { for _, i := range s.Instructions { if i.Script!="" { fmt.Printf("--- line %d\n%s\n", i.Line, i.Script) } } }
	fmt.Println(f.CLI(Options{}))
}
