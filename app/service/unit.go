package service

import (
	"bytes"
	"embed"
	"fmt"
	"os/exec"
	"path"
	"strings"
	"text/template"
)

//go:embed unit/*.tmpl
var templates embed.FS

// stateRoot is where systemd keeps the folders of accounts that it makes.
const stateRoot = "/var/lib/"

// Unit is the unit of systemd.
func Unit(s Spec) ([]byte, error) {
	if s.User == "" && (!strings.HasPrefix(path.Clean(s.Data)+"/", stateRoot) || path.Clean(s.Data)+"/" == stateRoot) {
		return nil, fmt.Errorf("the data folder %s is not below %s, where systemd keeps the data of accounts that it makes; choose one there with --data, or name an account that owns it with --user", s.Data, stateRoot)
	}
	return render("systemd", s)
}

func render(name string, s Spec) ([]byte, error) {
	s.Data = path.Clean(s.Data)
	if err := quotable(s); err != nil {
		return nil, err
	}
	t, err := template.ParseFS(templates, "unit/"+name+".tmpl")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		Spec
		Name, Description, State, Log string
	}{s, Name, description, strings.TrimPrefix(s.Data, stateRoot), LogFile})
	return b.Bytes(), err
}

// run runs a command of the manager; what it said is the error.
func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// eitherOf runs the first of the commands that is there.
func eitherOf(commands ...[]string) error {
	for _, c := range commands {
		if _, err := exec.LookPath(c[0]); err == nil {
			return run(c[0], c[1:]...)
		}
	}
	return fmt.Errorf("there is neither %s nor %s: link the script into the run levels by hand", commands[0][0], commands[1][0])
}
