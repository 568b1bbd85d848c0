package config

import (
	"fmt"
	"os"
	"strings"
)

// secret reads a secret that is elsewhere: "file:/run/secrets/private" is what the file
// holds, without the line's end, and "env:NAME" what the environment does. Anything else
// is the secret itself.
func secret(text string, environ func(string) (string, bool)) (string, error) {
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read the secret's file: %w", err)
		}
		value := strings.TrimRight(string(content), "\r\n")
		if value == "" {
			return "", fmt.Errorf("the file %s is empty", path)
		}
		return value, nil
	}
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		value, ok := environ(name)
		if !ok || value == "" {
			return "", fmt.Errorf("the environment has no %s", name)
		}
		return value, nil
	}
	return text, nil
}
