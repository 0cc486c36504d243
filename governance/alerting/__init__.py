"""What is watched, and what is found: reads of the entered organisation, that change nothing.

    terms      each kind with its parameters, as shipped and as set
    finding    what a look comes back with
    budgets    thresholds of budgets, and what a request costs against what its budget expects
    spend      days and tokens against what is usual, and against amounts
    unusual    anomalies of spend by the hour and the day (`audit.usage.anomalies`), with their drivers
    traffic    slow answers, calls that fail, few cache hits

`governance.services.alert_watch` makes alerts of what they find.
"""
