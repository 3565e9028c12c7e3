package dockerfile
import ("testing";"encoding/json";"os";"os/exec";"strings"
"golang.org/x/tools/txtar"
"github.com/dcverify/dcverify/verifier/source")
func TestZZ(t *testing.T) {
	a, _ := txtar.ParseFile("../../test/real/testdata/dockerfiles/cases.txtar")
	type cs struct { Text string `json:"text"`; Target string `json:"target"`; Args map[string]string `json:"args"`; Env map[string]string `json:"env"` }
	var all []cs
	for _, f := range a.Files { if strings.HasSuffix(f.Name, ".options") { for l := range strings.Lines(string(f.Data)) { k,v,_ := strings.Cut(strings.TrimSpace(l), ": "); c := &all[len(all)-1]; if k=="target" {c.Target=v}; if k=="arg" {n,x,_:=strings.Cut(v,"="); c.Args[n]=x} } ; continue }
		all = append(all, cs{Text: string(f.Data), Args: map[string]string{}}) }
	extra := []string{"ARG U=x\nFROM b\nENV U\nUSER $U", "FROM b\nENV U=\nUSER ${U:-dev}", "FROM \"a\" AS x\nFROM x\nUSER ${A:+q}z", "FROM b\nENV A=1 U=dev\nUSER $U", "FROM b\nENV U='dev'\nUSER $U\n", "\uFEFFFROM b\nUSER c", "ARG A=b\nFROM $A AS c\nFROM --platform=linux/amd64 c\n ENV Q=${E}\nUSER ${Q}", "FROM b\nARG U=1\nENV V=$U\nUSER $V-${V:+'x'}", "ARG B=${C:-d}\nFROM $B\nUSER ${U-dev} x", "FROM b\nRUN <<E\nFROM nothere\nUSER bad\nE\n", "from b as c\nuser d\nFROM c\nARG E=f\nUSER $E", "FROM b AS c\nENV X=1\nUSER X y\nFROM c\nUSER $X", "FROM a\r\nUSER b\r\n", "FROM\n b\nUSER\n c", "", "ARG X=1", "FROM $NOPE\nUSER ${HOME}", "FROM a AS a\nFROM a", "ARG V=a\nFROM x AS a\nARG V=b\nUSER $V\nFROM $V\n"}
	for _, e := range extra { all = append(all, cs{Text: e}, cs{Text: e, Args: map[string]string{"U":"given","E":"","V":"b"}, Env: map[string]string{"HOME":"/root","E":"fromenv"}}) }
	j, _ := json.Marshal(all); os.WriteFile("/tmp/bk/cli/cases.json", j, 0o644)
	out, err := exec.Command("node", "/tmp/bk/cli/run.js").Output(); if err != nil { t.Fatal(err) }
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	n := 0
	for i, c := range all {
		r := Parse(source.File{Name:"D",Text:c.Text}).CLI(Options{Target:c.Target, Args:c.Args, Base: func(string)(Base,bool){ var b Base; for k,v := range c.Env { b.Env=append(b.Env,k+"="+v)}; return b, true}})
		var w Reading; json.Unmarshal([]byte(lines[i]), &w)
		if r != w { t.Errorf("%q args %v\n got %+v\nwant %+v", c.Text, c.Args, r, w) } else { n++ }
	}
	t.Log(n, "equal")
}
