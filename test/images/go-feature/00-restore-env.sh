export PATH=/usr/local/go/bin:/go/bin:$PATH
