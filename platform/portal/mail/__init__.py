"""E-mail: what somebody was told, again, where they read their mail. It links to pages and holds nothing that was
written. `texts` makes the words, `sending` hands them to the mail server, `digest` collects a day's."""
