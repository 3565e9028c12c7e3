export PATH=/usr/local/go/bin:/go/bin:/go/bin:/usr/local/go/bin:$PATH
