"""Services of one machine, for when DATABASE_URL or REDIS_URL is not given, and the supervisor of `manage.py up`.

    start       the order in which `manage.py up` brings everything to life
    supervisor  starts, watches, restarts and stops child processes
    postgres, valkey, local_model   programs: what to run, when it is ready, how it ends
    application                     the same for the product's own processes
    bootstrap   roles, database and extension, with an administrator's URL
    home        the state directory: secrets, runtime environment, the lock

Nothing here reads `portal.settings`: it is what makes them readable.
"""
