// Package deploy_test tests what deploy/ has, with the build tag e2e.
package deploy_test
