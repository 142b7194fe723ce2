"""The pages that people read inside Airflow: reports of runs, versions, trends, quarantine; nothing here imports Airflow."""
