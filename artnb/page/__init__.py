"""The studio's page: pictures and films come in, jobs are asked for and watched, results compared."""
